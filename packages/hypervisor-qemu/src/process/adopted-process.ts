// SPDX-License-Identifier: Apache-2.0
import { Writable, type Duplex } from 'node:stream';
import { killIfAlive, waitWhileAlive, type ProcessIdentity } from '@hako/hypervisor';
import type { ProcessEnd, VmmProcess } from './vmm-process.ts';

/** How often it is looked whether a process that is not our child lives; the end of its monitor is seen at once. */
const slowPollMs = 500;
const quickPollMs = 5;
/** The monitor may be lost while the process goes on; the quick look ends after so long. */
const quickPollLimitMs = 2_000;

/** A QEMU that another process started: its end is seen, how it ended is not. */
export function adoptProcess(identity: ProcessIdentity, monitor: Duplex, console: Duplex): VmmProcess {
  const letGo = new AbortController();
  return {
    pid: identity.pid,
    monitor,
    console,
    // Whoever adopts a machine does not load its state.
    stateInput: new Writable({ write: (_chunk, _encoding, done) => done(new Error('no state is read')) }),
    ended: untilGone(identity, monitor, letGo.signal).then((end) => {
      monitor.destroy();
      console.destroy();
      return end;
    }),
    stderrTail: () => '',
    unref: () => letGo.abort(),
    kill: (signal) => void killIfAlive(identity, signal),
  };
}

async function untilGone(
  identity: ProcessIdentity,
  monitor: Duplex,
  letGo: AbortSignal,
): Promise<ProcessEnd> {
  const closed = new AbortController();
  if (monitor.closed) closed.abort();
  else monitor.once('close', () => closed.abort());
  const untilClosed = AbortSignal.any([closed.signal, letGo]);
  await waitWhileAlive(identity, { intervalMs: slowPollMs, signal: untilClosed });
  await waitWhileAlive(identity, { intervalMs: quickPollMs, signal: letGo, limitMs: quickPollLimitMs });
  await waitWhileAlive(identity, { intervalMs: slowPollMs, signal: letGo });
  return { exitCode: null, signal: null };
}
