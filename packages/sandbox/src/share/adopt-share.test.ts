// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { identifyProcess, type ProcessIdentity } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { adoptVirtiofsd } from './adopt-share.ts';

/** A process that stands for a daemon which another process has started. */
async function daemon() {
  const child = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const identity = await identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('there is no process');
  return {
    identity,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const isThere = async ({ pid }: ProcessIdentity): Promise<boolean> =>
  (await identifyProcess(pid)) !== undefined;

test('an adopted daemon is ended, and is seen to be', async () => {
  await using one = await daemon();
  const backEnd = adoptVirtiofsd(one.identity);
  await backEnd.end();
  expect(await backEnd.ended).toBe('virtiofsd ended');
  expect(await isThere(one.identity)).toBe(false);
});

test('a daemon that was let go of is not watched any more, and goes on', async () => {
  await using one = await daemon();
  const backEnd = adoptVirtiofsd(one.identity);
  backEnd.unref?.();
  expect(await backEnd.ended).toBe('virtiofsd was let go of');
  expect(await isThere(one.identity)).toBe(true);
});

test("a process that has a former daemon's number is left alone, with its children", async () => {
  await using other = await daemon();
  const former = { ...other.identity, startTicks: '1' };
  const backEnd = adoptVirtiofsd(former);
  await backEnd.end();
  expect(await backEnd.ended).toBe('virtiofsd ended');
  expect(await isThere(other.identity)).toBe(true);
});
