// SPDX-License-Identifier: Apache-2.0

/** What a descriptor is waited for. */
export type Readiness = 'readable' | 'writable';

/** One descriptor in the event loop. While it waits it keeps the loop alive; idle it costs nothing. */
export interface PollHandle {
  /**
   * Calls back once, in a turn of the loop of its own, when the descriptor is ready, hung up or in error: in each case
   * the next read or write tells which. Replaces a wait that is still pending.
   */
  wait(readiness: Readiness, onReady: () => void): void;
  /** Forgets the pending wait. */
  cancel(): void;
  /** Takes the descriptor out of the loop, after which it may be closed at once. Idempotent. */
  close(): void;
}

/** Opens handles. A descriptor number can be in one handle at a time; a second user polls a duplicate. */
export interface Poller {
  /** @throws LinuxError with the reason of libuv, such as `EPERM` for a regular file. */
  open(fd: number): PollHandle;
}

/** The native half of a {@link PollHandle}: `arm` reports once or more until `disarm`. */
export interface NativePoll {
  arm(readiness: Readiness, onEvent: () => void): void;
  disarm(): void;
  close(): void;
}

/**
 * Turns native events into single call-backs. An FFI library calls JavaScript straight from libuv, outside of Node's
 * own callback scope: promise jobs and `nextTick` would stay queued until something else happens, and an exception
 * would take the process down. `setImmediate` runs in the same iteration of the loop and has neither flaw.
 */
export function createPollHandle(native: NativePoll): PollHandle {
  let pending: { immediate: NodeJS.Immediate | undefined } | undefined;
  let closed = false;
  const cancel = (): void => {
    if (pending === undefined) return;
    if (pending.immediate === undefined) native.disarm();
    else clearImmediate(pending.immediate);
    pending = undefined;
  };
  return {
    wait(readiness, onReady) {
      cancel();
      const current: { immediate: NodeJS.Immediate | undefined } = { immediate: undefined };
      pending = current;
      native.arm(readiness, () => {
        if (pending !== current || current.immediate !== undefined) return;
        native.disarm();
        current.immediate = setImmediate(() => {
          pending = undefined;
          onReady();
        });
      });
    },
    cancel,
    close() {
      if (closed) return;
      closed = true;
      cancel();
      native.close();
    },
  };
}
