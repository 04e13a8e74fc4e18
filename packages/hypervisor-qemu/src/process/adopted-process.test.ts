// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { identifyProcess } from '@hako/hypervisor';
import { expect, test } from 'vitest';
import { adoptProcess } from './adopted-process.ts';

/** A process that lives until it is killed, taken up as if another had started it. */
async function adopted() {
  const child = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const identity = await identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('there is no process');
  const [monitor] = duplexPair();
  const [console] = duplexPair();
  return {
    child,
    vmm: adoptProcess(identity, monitor, console),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('the end is seen soon after the monitor has closed, and the connections are closed', async () => {
  await using process = await adopted();
  const { vmm } = process;
  vmm.monitor.destroy();
  vmm.kill('SIGKILL');
  expect(await vmm.ended).toEqual({ exitCode: null, signal: null });
  expect(vmm.console.destroyed).toBe(true);
});

test('one that was let go of is not watched any more, and goes on', async () => {
  await using process = await adopted();
  const { vmm, child } = process;
  vmm.unref();
  await vmm.ended;
  expect(await identifyProcess(child.pid ?? 0)).toBeDefined();
});
