// SPDX-License-Identifier: Apache-2.0
import { ProcessIODefinition, type AttachRequest } from '@hako/protocols/process-io';
import { ServerError, Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { startFakeAgent } from '../../testing/agent-harness.ts';
import { AttachStream } from '../../testing/attach-stream.ts';
import { runContainer } from '../../testing/ready-sandbox.ts';
import type { ProcessCall } from './attached-process.ts';

function guarded() {
  const asked: string[] = [];
  const denied = new Set<string>();
  const gate = ({ method }: { readonly method: string }) => {
    asked.push(method);
    return denied.has(method)
      ? Promise.reject(new ServerError(Status.PERMISSION_DENIED, `no ${method}`))
      : Promise.resolve();
  };
  return { asked, denied, gate };
}

test('every method of the descriptor passes the gate before it does anything', async () => {
  expect(Object.values(ProcessIODefinition.methods).map(({ name }) => name)).toEqual(['Attach']);
  const { asked, denied, gate } = guarded();
  await using harness = await startFakeAgent({ gate });
  denied.add('waitProcess');
  await using stream = AttachStream.to(harness, { containerId: 'nobody-looks' });
  await expect(stream.next()).rejects.toMatchObject({
    code: Status.PERMISSION_DENIED,
    details: 'no waitProcess',
  });
  expect(asked).toEqual(['waitProcess']);
});

type Content = NonNullable<AttachRequest['content']>;

/** Which call of the agent's service each message stands for; a message added to the protocol must be added here. */
const standsFor: Readonly<Record<Content['$case'], ProcessCall | 'grants or ends only'>> = {
  process: 'waitProcess',
  stdin: 'writeStdin',
  stdinEnd: 'closeStdin',
  resize: 'ttyWinResize',
  signal: 'signalProcess',
  stdoutCredit: 'grants or ends only',
  stderrCredit: 'grants or ends only',
  release: 'grants or ends only',
  outputPort: 'grants or ends only',
  portReady: 'grants or ends only',
};

const requests: readonly Content[] = [
  { $case: 'stdin', value: Buffer.from('x') },
  { $case: 'stdinEnd', value: {} },
  { $case: 'resize', value: { rows: 1, columns: 1 } },
  { $case: 'signal', value: 10 },
];

test.each(requests)('$$case is refused when the call it stands for is denied', async (request) => {
  const { denied, gate } = guarded();
  await using harness = await startFakeAgent({ gate });
  await runContainer(harness, 'c1', ['cat']);
  await using stream = AttachStream.to(harness, { containerId: 'c1' });
  denied.add(standsFor[request.$case]);
  stream.send(request);
  expect((await stream.nextOf('refusal')).value).toMatchObject({
    code: Status.PERMISSION_DENIED,
    message: `no ${standsFor[request.$case]}`,
  });
});

test.each(['stdout', 'stderr'] as const)('denied %s looks like its end', async (output) => {
  const { denied, gate } = guarded();
  denied.add(output === 'stdout' ? 'readStdout' : 'readStderr');
  await using harness = await startFakeAgent({ gate });
  await runContainer(harness, 'c1', ['sh', '-c', 'echo secret\necho secret >&2\nexit 0']);
  await using stream = AttachStream.to(harness, { containerId: 'c1' });
  const run = await stream.toExit();
  expect(run[output]).toBe('');
  expect(run[output === 'stdout' ? 'stderr' : 'stdout']).toBe('secret\n');
});
