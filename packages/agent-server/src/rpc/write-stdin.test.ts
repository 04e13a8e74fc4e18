// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { execRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('WriteStdin and CloseStdin $title', ({ skip, start }) => {
  const data = Buffer.from('abc');

  test.skipIf(skip).each([
    { title: 'an unknown container', containerId: 'nope', execId: '', close: Status.INVALID_ARGUMENT },
    { title: 'an unknown exec id', containerId: 'c1', execId: 'nope', close: Status.NOT_FOUND },
  ])('refuse $title', async ({ close, ...named }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.writeStdin({ ...named, data })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
    await expect(harness.client.closeStdin(named)).rejects.toMatchObject({ code: close });
  });

  test.skipIf(skip).each([
    { title: 'CloseStdin', end: 'close' },
    { title: 'an empty write', end: 'empty' },
  ])('end the input by $title', async ({ end }) => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', ['cat']);
    expect(await client.writeStdin({ containerId: 'c1', data })).toEqual({ len: 3 });
    if (end === 'close') await client.closeStdin({ containerId: 'c1' });
    else expect(await client.writeStdin({ containerId: 'c1', data: new Uint8Array() })).toEqual({ len: 0 });
    expect(await readAll(harness, { containerId: 'c1' })).toBe('abc');
    await expect(client.writeStdin({ containerId: 'c1', data })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'stream_closed'),
    );
    await client.closeStdin({ containerId: 'c1' });
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('fail with EPIPE when nobody reads any more', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', ['true']));
    await readAll(harness, { containerId: 'c1', execId: 'e1' });
    await expect(harness.client.writeStdin({ containerId: 'c1', execId: 'e1', data })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EPIPE'),
    );
  });

  test.skipIf(skip)('keep the order of writes that come together', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['cat']);
    const words = Array.from({ length: 50 }, (_value, index) => `${index},`);
    await Promise.all(
      words.map((word) => harness.client.writeStdin({ containerId: 'c1', data: Buffer.from(word) })),
    );
    await harness.client.closeStdin({ containerId: 'c1' });
    expect(await readAll(harness, { containerId: 'c1' })).toBe(words.join(''));
  });
});
