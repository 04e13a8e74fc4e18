// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { execRequest } from '../testing/test-spec.ts';

const outputs = [
  { rpc: 'ReadStdout', read: 'readStdout', other: 'readStderr', to: '' },
  { rpc: 'ReadStderr', read: 'readStderr', other: 'readStdout', to: ' >&2' },
] as const;
const cases = testedAgents.flatMap((agent) => outputs.map((output) => ({ ...agent, ...output })));

describe.each(cases)('$rpc $title', ({ skip, start, read, other, to }) => {
  const shell = (...lines: readonly string[]) => ['sh', '-c', lines.join('\n')];

  test.skipIf(skip).each([
    {
      title: 'an unknown container [INVALID_ARGUMENT]',
      request: { containerId: 'nope', len: 1 },
      code: Status.INVALID_ARGUMENT,
    },
    {
      title: 'an unknown exec id [NOT_FOUND]',
      request: { containerId: 'c1', execId: 'nope', len: 1 },
      code: Status.NOT_FOUND,
    },
  ])('refuses $title', async ({ request, code }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client[read](request)).rejects.toMatchObject({ code });
  });

  test.skipIf(skip)('refuses a process that has been waited for [NOT_FOUND]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['true']);
    await harness.client.waitProcess({ containerId: 'c1' });
    await expect(harness.client[read]({ containerId: 'c1', len: 1 })).rejects.toMatchObject({
      code: Status.NOT_FOUND,
    });
  });

  test.skipIf(skip)('refuses a terminal that has been hung up [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', ['cat'], { Terminal: true }));
    await harness.client.closeStdin({ containerId: 'c1', execId: 'e1' });
    await expect(harness.client[read]({ containerId: 'c1', execId: 'e1', len: 10 })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'stream_closed'),
    );
  });

  test.skipIf(skip)('takes no more than was asked for, and nothing for a length of 0', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', shell(`echo 0123456789${to}`, 'sleep 1000'));
    const take = async (len: number) =>
      Buffer.from((await harness.client[read]({ containerId: 'c1', len })).data).toString();
    expect([await take(0), await take(4), await take(4), await take(100)]).toEqual([
      '',
      '0123',
      '4567',
      '89\n',
    ]);
  });

  test.skipIf(skip)('gives nothing of the other stream', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', shell('echo out', 'echo err >&2', 'exit 0'));
    const named = { containerId: 'c1' };
    const words = { readStdout: 'out\n', readStderr: 'err\n' };
    expect(await readAll(harness, named, read)).toBe(words[read]);
    expect(await readAll(harness, named, other)).toBe(words[other]);
  });

  test.skipIf(skip)('waits for output however much is asked for', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', shell(`cat${to}`));
    const reading = harness.client[read]({ containerId: 'c1', len: 4_294_967_295 });
    await harness.client.writeStdin({ containerId: 'c1', data: Buffer.from('late') });
    expect(Buffer.from((await reading).data).toString()).toBe('late');
  });

  test.skipIf(skip)('does not lose what a reader who is gone was waiting for', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', shell(`cat${to}`));
    const lost = await harness.connect();
    const reading = lost.client[read]({ containerId: 'c1', len: 10 });
    reading.catch(() => undefined);
    await lost.client.statsContainer({ containerId: 'c1' });
    await lost[Symbol.asyncDispose]();
    await harness.client.writeStdin({ containerId: 'c1', data: Buffer.from('kept') });
    const { data } = await harness.client[read]({ containerId: 'c1', len: 10 });
    expect(Buffer.from(data).toString()).toBe('kept');
  });

  test.skipIf(skip)('gives the end again and again', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', shell(`echo last${to}`, 'exit 0'));
    expect(await readAll(harness, { containerId: 'c1' }, read)).toBe('last\n');
    for (let round = 0; round < 3; round += 1) {
      expect((await harness.client[read]({ containerId: 'c1', len: 10 })).data).toHaveLength(0);
    }
  });

  test.skipIf(skip)('ends soon after the process although a descendant holds the pipe', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(
      execRequest('c1', 'e1', shell(`echo before${to}`, 'sleep 1000 &', 'exit 4')),
    );
    const named = { containerId: 'c1', execId: 'e1' };
    // The descendant lives longer than any test.
    const texts = await Promise.all([readAll(harness, named, read), readAll(harness, named, other)]);
    expect(texts).toEqual(['before\n', '']);
    expect(await harness.client.waitProcess(named)).toEqual({ status: 4 });
  });
});
