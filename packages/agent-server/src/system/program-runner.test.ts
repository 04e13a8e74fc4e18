// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { runProgram } from './program-runner.ts';

function shell(script: string) {
  return { file: '/bin/sh', args: ['-c', script] } as const;
}

const ended = { exitCode: 0, signal: null, stdout: '', stderr: '', timedOut: false };

test.each([
  {
    title: 'gives both outputs',
    request: shell('echo out; echo err >&2'),
    result: { stdout: 'out\n', stderr: 'err\n' },
  },
  { title: 'gives the exit code', request: shell('exit 7'), result: { exitCode: 7 } },
  { title: 'gives the signal', request: shell('kill -9 $$'), result: { exitCode: null, signal: 'SIGKILL' } },
  { title: 'feeds text', request: { ...shell('cat'), input: 'in' }, result: { stdout: 'in' } },
  {
    title: 'feeds bytes and reads them as they are',
    request: { ...shell('cat'), input: Uint8Array.of(0xff, 0x41), encoding: 'latin1' as const },
    result: { stdout: '\xffA' },
  },
  {
    title: 'reads as UTF-8 by default',
    request: shell(String.raw`printf '\303\244'`),
    result: { stdout: 'ä' },
  },
  {
    title: 'cuts output at the limit and reads on',
    request: { ...shell('head -c 1000000 /dev/zero'), maxOutputBytes: 3 },
    result: { stdout: '\0\0\0' },
  },
  {
    title: 'kills what takes too long',
    request: { ...shell('exec sleep 1000'), timeoutMs: 20 },
    result: { exitCode: null, signal: 'SIGKILL', timedOut: true },
  },
  {
    title: 'kills what does not take its input in time',
    request: { ...shell('exec sleep 1000'), input: new Uint8Array(10_000_000), inputTimeoutMs: 20 },
    result: { exitCode: null, signal: 'SIGKILL', timedOut: true },
  },
  {
    title: 'leaves what has taken its input all the time it needs',
    request: {
      ...shell('cat > /dev/null; exec 0<&-; sleep 1.2; echo late'),
      input: 'in',
      inputTimeoutMs: 1_000,
    },
    result: { stdout: 'late\n' },
  },
  {
    title: 'minds neither input nor end of a program that reads nothing',
    request: { ...shell('exit 3'), input: new Uint8Array(10_000_000), inputTimeoutMs: 10_000 },
    result: { exitCode: 3 },
  },
])('$title', async ({ request, result }) => {
  expect(await runProgram(request)).toEqual({ ...ended, ...result });
});

test('a program that is not there is helper_failed', async () => {
  await expect(runProgram({ file: '/nonexistent', args: [] })).rejects.toMatchObject({
    code: 'helper_failed',
  });
});

test('the signal kills it', async () => {
  const controller = new AbortController();
  const running = runProgram({ ...shell('exec sleep 1000'), signal: controller.signal });
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: 'helper_failed', cause: { name: 'AbortError' } });
});
