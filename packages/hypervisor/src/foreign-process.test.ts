// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { killIfAlive, waitWhileAlive } from './foreign-process.ts';
import { identifyProcess } from './process-identity.ts';

async function sleeper() {
  const child = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const identity = await identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('there is no process');
  return {
    child,
    exited,
    identity,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const forever = { intervalMs: 1, signal: new AbortController().signal };

test('a process is killed, and its end is seen', async () => {
  await using process = await sleeper();
  const gone = waitWhileAlive(process.identity, forever);
  await killIfAlive(process.identity, 'SIGKILL');
  await gone;
  expect(await process.exited).toEqual([null, 'SIGKILL']);
  await killIfAlive(process.identity, 'SIGKILL');
});

test('a process that has the number of another one is neither waited for nor killed', async () => {
  await using process = await sleeper();
  const former = { ...process.identity, startTicks: '1' };
  await waitWhileAlive(former, forever);
  await killIfAlive(former, 'SIGKILL');
  expect(await identifyProcess(former.pid)).toEqual(process.identity);
});

test.for([
  { name: 'the signal fires', watch: () => ({ intervalMs: 60_000, signal: AbortSignal.timeout(5) }) },
  { name: 'the time is over', watch: () => ({ ...forever, limitMs: 5 }) },
])('the wait for a process that lives ends when $name', async ({ watch }) => {
  await using process = await sleeper();
  await waitWhileAlive(process.identity, watch());
  expect(await identifyProcess(process.identity.pid)).toEqual(process.identity);
});
