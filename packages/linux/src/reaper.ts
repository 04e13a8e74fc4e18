// SPDX-License-Identifier: Apache-2.0
import type { ExitStatus } from './exit-status.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { trackLibuvChildren } from './libuv-children.ts';
import { LinuxError } from './linux-error.ts';
import { setChildSubreaper } from './subreaper.ts';
import { type ExitedChild, waitChild } from './wait-child.ts';
import { throwIfAborted, type WaitOptions, watchEnd } from './wait-options.ts';
import { listChildren } from './zombies.ts';

/** Takes the exits of processes that nobody else in this program waits for. */
export interface Reaper extends Disposable {
  /**
   * Waits for a child that child_process did not start: an orphan this process has inherited, alive or a zombie.
   * An aborted wait leaves the exit to a later `watch`. A pid has one watcher at a time. A pending watch does not keep
   * the event loop alive.
   *
   * @throws LinuxError `ECHILD` when there is no such child (or it was reaped already), `EBUSY` when it is watched or
   * belongs to child_process, `aborted`, `timed_out`, `closed`.
   */
  watch(pid: number, options?: WaitOptions): Promise<ExitStatus>;
  /**
   * Keeps the zombies of unknown orphans until the hold is disposed. Take it before starting a program that leaves an
   * orphan behind whose pid is told only afterwards, and dispose it when the pid is watched:
   * `using hold = reaper.hold(); …run the program…; const exit = reaper.watch(pid)`.
   */
  hold(): Disposable;
  /** Stops reaping; pending watches end with code `closed`. Idempotent. */
  close(): void;
}

/** What {@link createReaper} takes. */
export interface ReaperOptions {
  /** Make this process a child subreaper; default true. PID 1 is one in any case. */
  readonly subreaper?: boolean;
  /** Told about each orphan that nobody watched, after it was reaped. */
  readonly onOrphan?: (orphan: ExitedChild) => void;
}

interface Watcher {
  resolve(status: ExitStatus): void;
  reject(error: LinuxError): void;
}

/**
 * Starts reaping on SIGCHLD. Create one, in the main thread, before the program starts its first child: children that
 * exist already are left alone unless watched.
 *
 * libuv takes its own children one by one, by pid, so the two only need to stay off each other's pids. This side knows
 * libuv's (see {@link trackLibuvChildren}) and otherwise only sees the main thread's children. Signals merge and say
 * nothing reliable about pids; each round therefore asks the kernel: for each watched pid, then for any zombie at all,
 * without taking it. One round runs per turn of the loop however many signals came, after libuv had its turn.
 */
export function createReaper(
  { subreaper = true, onOrphan }: ReaperOptions = {},
  libc: Libc = systemLibc(),
): Reaper {
  if (subreaper && process.pid !== 1) setChildSubreaper(true, libc);

  const watchers = new Map<number, Watcher>();
  const earlier = new Set(listChildren());
  /** Holds by their number, which rises. An orphan first seen under hold n stays until all holds up to n are gone. */
  const holds = new Set<number>();
  const seenUnder = new Map<number, number>();
  let lastHold = 0;
  let round: NodeJS.Immediate | undefined;
  let closed = false;

  const schedule = (): void => {
    if (closed) return;
    round ??= setImmediate(() => {
      round = undefined;
      settleWatched();
      reapUnwanted();
    });
  };
  const libuv = trackLibuvChildren(schedule);

  const settleWatched = (): void => {
    for (const [pid, watcher] of watchers) {
      const exit = waitChild(pid, true, libc);
      if (exit === undefined) continue;
      if (exit === 'no-child') watcher.reject(watchError('ECHILD', pid));
      else watcher.resolve(exit.status);
    }
  };

  const isHeld = (pid: number): boolean => {
    const firstSeenUnder = seenUnder.get(pid) ?? lastHold;
    if (holds.values().some((hold) => hold <= firstSeenUnder)) {
      seenUnder.set(pid, firstSeenUnder);
      return true;
    }
    return false;
  };

  const reapUnlessWanted = (pid: number): boolean => {
    if (libuv.has(pid) || watchers.has(pid) || earlier.has(pid) || isHeld(pid)) return false;
    seenUnder.delete(pid);
    const orphan = waitChild(pid, true, libc);
    if (orphan === undefined || orphan === 'no-child') return false;
    onOrphan?.(orphan);
    return true;
  };

  const reapUnwanted = (): void => {
    for (;;) {
      const first = waitChild('any', false, libc);
      if (first === undefined || first === 'no-child') return;
      if (reapUnlessWanted(first.pid)) continue;
      // The kernel names the same zombie again until somebody takes it: look behind it.
      const rest = listChildren('zombies');
      for (const pid of rest) reapUnlessWanted(pid);
      return;
    }
  };

  const watch = async (pid: number, options: WaitOptions = {}): Promise<ExitStatus> => {
    const subject = { syscall: 'waitid', operand: `pid ${pid}` };
    throwIfAborted(options, subject);
    if (closed) throw new LinuxError({ code: 'closed', ...subject });
    if (!Number.isSafeInteger(pid) || pid <= 0) {
      throw new LinuxError({ code: 'invalid_argument', ...subject, detail: 'no process id' });
    }
    if (watchers.has(pid)) throw watchError('EBUSY', pid, 'watched already');
    if (libuv.has(pid)) throw watchError('EBUSY', pid, 'belongs to child_process');
    const exit = waitChild(pid, true, libc);
    if (exit === 'no-child') throw watchError('ECHILD', pid);
    earlier.delete(pid);
    seenUnder.delete(pid);
    if (exit !== undefined) return exit.status;

    return new Promise((resolve, reject) => {
      const leave = (): void => {
        stopWatching();
        watchers.delete(pid);
      };
      const stopWatching = watchEnd(options, subject, (error) => {
        watchers.delete(pid);
        earlier.add(pid); // kept for a later watch
        reject(error);
      });
      watchers.set(pid, {
        resolve(status) {
          leave();
          resolve(status);
        },
        reject(error) {
          leave();
          reject(error);
        },
      });
    });
  };

  const close = (): void => {
    if (closed) return;
    closed = true;
    process.off('SIGCHLD', schedule);
    libuv[Symbol.dispose]();
    clearImmediate(round);
    for (const [pid, watcher] of watchers) {
      watcher.reject(new LinuxError({ code: 'closed', syscall: 'waitid', operand: `pid ${pid}` }));
    }
  };

  process.on('SIGCHLD', schedule);
  schedule();
  return {
    watch,
    hold() {
      const hold = ++lastHold;
      holds.add(hold);
      return {
        [Symbol.dispose]() {
          if (holds.delete(hold)) schedule();
        },
      };
    },
    close,
    [Symbol.dispose]: close,
  };
}

function watchError(code: 'ECHILD' | 'EBUSY', pid: number, detail?: string): LinuxError {
  return new LinuxError({ code, syscall: 'waitid', operand: `pid ${pid}`, detail });
}
