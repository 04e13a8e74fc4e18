// SPDX-License-Identifier: Apache-2.0
import type { ExitStatus } from './exit-status.ts';
import { errnoName, LinuxError } from './linux-error.ts';
import type { Libc } from './ffi/libc.ts';

/** A child that has ended. */
export interface ExitedChild {
  readonly pid: number;
  readonly status: ExitStatus;
}

/** Whose end is looked for: one child, or whichever the kernel names first. */
export type WaitTarget = number | 'any';

const everyChild = 0; // P_ALL
const byPid = 1; // P_PID
const noHang = 1; // WNOHANG
const exited = 4; // WEXITED
const leaveZombie = 0x01000000; // WNOWAIT
/**
 * `__WNOTHREAD`: only children of the calling thread. Orphans go to a process's first thread, which runs Node's main
 * loop; what libuv spawns in a worker belongs to the worker's thread and stays out of sight.
 */
const thisThread = 0x20000000;
const siginfoBytes = 128;
const offsets = { code: 8, pid: 16, status: 24 } as const; // in siginfo_t of 64-bit Linux
const killed = 2; // CLD_KILLED
const dumped = 3; // CLD_DUMPED

/**
 * waitid(2) without waiting.
 *
 * @param take whether the zombie is taken away or left for somebody else to find.
 * @returns `undefined` when the child lives (or none of them has ended); `'no-child'` when there is no such child.
 */
export function waitChild(
  target: WaitTarget,
  take: boolean,
  libc: Libc,
): ExitedChild | 'no-child' | undefined {
  const info = new Uint8Array(siginfoBytes);
  const [kind, id] = target === 'any' ? [everyChild, 0] : [byPid, target];
  const options = noHang | exited | thisThread | (take ? 0 : leaveZombie);
  if (libc.call('waitid', kind, id, info, options, null) === -1) {
    const errno = libc.errno();
    const code = errnoName(errno);
    if (code === 'ECHILD') return 'no-child';
    throw new LinuxError({ code, errno, syscall: 'waitid', operand: `pid ${target}` });
  }
  const view = new DataView(info.buffer);
  const pid = view.getInt32(offsets.pid, true);
  return pid === 0 ? undefined : { pid, status: statusFrom(view) };
}

function statusFrom(view: DataView): ExitStatus {
  const code = view.getInt32(offsets.code, true);
  const status = view.getInt32(offsets.status, true);
  return code === killed || code === dumped
    ? { signal: status, coreDumped: code === dumped }
    : { exitCode: status };
}
