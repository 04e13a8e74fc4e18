// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import process from 'node:process';
import { Writable, type Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from '@hako/hypervisor';
import type { ProcessEnd, VmmProcess } from './vmm-process.ts';

/** How often it is looked whether a process that is not our child lives; the end of its monitor is seen at once. */
const slowPollMs = 500;
const quickPollMs = 5;
/** The monitor may be lost while the process goes on; the quick look ends after so long. */
const quickPollLimitMs = 2_000;

/** A QEMU that another process started: its end is seen, how it ended is not. */
export function adoptProcess(identity: ProcessIdentity, monitor: Duplex, console: Duplex): VmmProcess {
  return {
    pid: identity.pid,
    monitor,
    console,
    // Whoever adopts a machine does not load its state.
    stateInput: new Writable({ write: (_chunk, _encoding, done) => done(new Error('no state is read')) }),
    ended: untilGone(identity, monitor).then((end) => {
      monitor.destroy();
      console.destroy();
      return end;
    }),
    stderrTail: () => '',
    unref: () => undefined,
    kill: (signal) => void killIfAlive(identity, signal),
  };
}

async function untilGone(identity: ProcessIdentity, monitor: Duplex): Promise<ProcessEnd> {
  const closed = monitor.closed ? Promise.resolve() : once(monitor, 'close').catch(() => undefined);
  let quickUntilMs: number | undefined;
  void closed.then(() => (quickUntilMs = performance.now() + quickPollLimitMs));
  while (await isAlive(identity)) {
    const pollMs = quickUntilMs !== undefined && performance.now() < quickUntilMs ? quickPollMs : slowPollMs;
    const wait = delay(pollMs, undefined, { ref: false });
    await (quickUntilMs === undefined ? Promise.race([wait, closed]) : wait);
  }
  return { exitCode: null, signal: null };
}

/** Between the look and the signal another process might take its number; within microseconds none does. */
async function killIfAlive(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
