// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('WriteStdin $title', ({ skip, start, kind }) => {
  const data = Buffer.from('abc');

  test.skipIf(skip).each([
    { title: 'an unknown container [INTERNAL]', containerId: 'nope', execId: '' },
    { title: 'an unknown exec id [INTERNAL]', containerId: 'c1', execId: 'nope' },
  ])('refuses $title', async ({ containerId, execId }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.writeStdin({ containerId, execId, data })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
  });

  test.skipIf(skip)(
    'refuses an input that was closed, and a terminal that was hung up [INTERNAL]',
    async () => {
      await using harness = await start();
      const { client } = harness;
      await runContainer(harness, 'c1', sleeper);
      await client.execProcess(execRequest('c1', 'e1', ['cat'], { Terminal: true }));
      for (const execId of ['', 'e1']) {
        await client.closeStdin({ containerId: 'c1', execId });
        await expect(client.writeStdin({ containerId: 'c1', execId, data })).rejects.toMatchObject(
          refusal(Status.INTERNAL, 'stream_closed'),
        );
      }
    },
  );

  test.skipIf(skip)('ends the input by an empty write, as often as it comes', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', ['cat']);
    expect(await client.writeStdin({ containerId: 'c1', data })).toEqual({ len: 3 });
    for (let round = 0; round < 2; round += 1) {
      expect(await client.writeStdin({ containerId: 'c1', data: new Uint8Array() })).toEqual({ len: 0 });
    }
    expect(await readAll(harness, { containerId: 'c1' })).toBe('abc');
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('fails when nobody reads any more [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', ['true']));
    const named = { containerId: 'c1', execId: 'e1' };
    await readAll(harness, named);
    // An ending process does not close its streams all at once.
    const write = () => harness.client.writeStdin({ ...named, data }).then(JSON.stringify, String);
    await expect.poll(write).toContain('EPIPE');
    await expect(harness.client.writeStdin({ ...named, data })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EPIPE'),
    );
  });

  test.skipIf(skip)('takes input before the start', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest('c1', rootfs, ['cat']));
    expect(await client.writeStdin({ containerId: 'c1', data })).toEqual({ len: 3 });
    await client.closeStdin({ containerId: 'c1' });
    await client.startContainer({ containerId: 'c1' });
    expect(await readAll(harness, { containerId: 'c1' })).toBe('abc');
  });

  test.skipIf(skip)('keeps the order of writes that come together', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['cat']);
    const words = Array.from({ length: 50 }, (_value, index) => `${index},`);
    await Promise.all(
      words.map((word) => harness.client.writeStdin({ containerId: 'c1', data: Buffer.from(word) })),
    );
    await harness.client.closeStdin({ containerId: 'c1' });
    expect(await readAll(harness, { containerId: 'c1' })).toBe(words.join(''));
  });

  test.skipIf(skip)('passes on more than a pipe holds', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['cat']);
    const bytes = Buffer.alloc(1_000_000, 'x');
    const [{ len }, text] = await Promise.all([
      harness.client.writeStdin({ containerId: 'c1', data: bytes }).then(async (answer) => {
        await harness.client.closeStdin({ containerId: 'c1' });
        return answer;
      }),
      readAll(harness, { containerId: 'c1' }),
    ]);
    expect([len, text.length]).toEqual([bytes.length, bytes.length]);
  });

  test.skipIf(skip || kind === 'fake')('lets other calls pass while the program does not read', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const writing = harness.client.writeStdin({ containerId: 'c1', data: Buffer.alloc(1_000_000) });
    const refused = expect(writing).rejects.toMatchObject(refusal(Status.INTERNAL, 'EPIPE'));
    expect(await harness.health.check({})).toEqual({ status: 1 });
    await harness.client.signalProcess({ containerId: 'c1', signal: 9 });
    await refused;
  });
});
