// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from './linux-error.ts';

/** How long a caller is willing to wait. */
export interface WaitOptions {
  /** Ends the wait with code `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait with code `timed_out`; default no limit. */
  readonly timeoutMs?: number | undefined;
}

/** Names the wait in its errors. */
export interface WaitSubject {
  readonly syscall: string;
  readonly operand: string;
}

/** @throws LinuxError `aborted` when the signal has fired already. */
export function throwIfAborted({ signal }: WaitOptions, subject: WaitSubject): void {
  if (signal?.aborted) throw abortError(signal, subject);
}

/**
 * Watches the signal and the clock of one wait.
 *
 * @param onEnd called at most once, with the error to reject with.
 * @returns a function that removes the listener and the timer; call it on every path.
 */
export function watchEnd(
  { signal, timeoutMs }: WaitOptions,
  subject: WaitSubject,
  onEnd: (error: LinuxError) => void,
): () => void {
  const onAbort = (): void => {
    stop();
    if (signal !== undefined) onEnd(abortError(signal, subject));
  };
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          stop();
          onEnd(new LinuxError({ code: 'timed_out', ...subject, detail: `after ${timeoutMs} ms` }));
        }, timeoutMs);
  const stop = (): void => {
    signal?.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return stop;
}

function abortError(signal: AbortSignal, subject: WaitSubject): LinuxError {
  return new LinuxError({ code: 'aborted', ...subject, cause: signal.reason });
}
