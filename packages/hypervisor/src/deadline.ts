// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from './hypervisor-error.ts';
import type { WaitOptions } from './virtual-machine.ts';

/** A longer timer would fire at once (Node's timers hold 31 bits). */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A caller's signal and a time limit as one signal whose reason is already the right {@link HypervisorError}:
 * `aborted` or `timeout`. Dispose it on every path; that removes the timer and the listener.
 */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Settles like `promise`, or rejects with the signal's reason, whichever is first. Never leaves a listener. */
  race<T>(promise: PromiseLike<T>): Promise<T>;
}

/**
 * Opens a {@link Deadline} for the operation named `what`. A limit of `Infinity` means none.
 *
 * @throws HypervisorError `aborted` if the caller's signal has fired already
 */
export function openDeadline(what: string, options: WaitOptions, defaultTimeoutMs: number): Deadline {
  const { signal: caller, timeoutMs = defaultTimeoutMs } = options;
  // An enclosing deadline has put the right error into its signal already.
  const abortedError = () =>
    HypervisorError.is(caller?.reason)
      ? caller.reason
      : new HypervisorError('aborted', `${what} was aborted`, { operand: what, cause: caller?.reason });
  if (caller?.aborted === true) throw abortedError();

  const controller = new AbortController();
  const onAbort = () => controller.abort(abortedError());
  const onTimeout = () =>
    controller.abort(
      new HypervisorError('timeout', `${what} took longer than ${timeoutMs} ms`, { operand: what }),
    );
  const timer =
    timeoutMs === Infinity ? undefined : setTimeout(onTimeout, Math.min(timeoutMs, longestTimerMs));
  caller?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    race: (promise) => raceWithSignal(promise, controller.signal),
    [Symbol.dispose]() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', onAbort);
    },
  };
}

/** Settles like `promise`, or rejects with `signal.reason` once the signal fires. */
export async function raceWithSignal<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  const { promise: fired, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  // The loser of the race must not count as unhandled.
  fired.catch(() => undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, fired]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
