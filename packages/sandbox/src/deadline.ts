// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from './sandbox-error.ts';

/** How long a public wait may take and what ends it early. */
export interface WaitOptions {
  /** Ends the wait with code `aborted`; the reason becomes the cause. */
  readonly signal?: AbortSignal;
  /** Ends the wait with code `timeout` after so many milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Throws code `aborted` when the signal has already fired, so that no work starts.
 * @param signal the caller's signal
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new SandboxError('aborted', 'aborted', { cause: signal.reason });
}

/**
 * Runs one phase under the caller's signal and a limit. The phase receives a signal that fires for either; the result
 * is settled as soon as one of them fires, even if the phase ignores its signal.
 * @param phase what is running, for the message of a timeout
 * @param options the caller's limits
 * @param run the phase
 */
export async function withDeadline<T>(
  phase: string,
  options: WaitOptions,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(options.signal);
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const end = (error: SandboxError): void => {
    ended.reject(error);
    controller.abort(error);
  };
  const onAbort = (): void => {
    end(new SandboxError('aborted', `${phase} aborted`, { cause: options.signal?.reason }));
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const { timeoutMs } = options;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          end(new SandboxError('timeout', `${phase} took longer than ${timeoutMs} ms`));
        }, timeoutMs);
  try {
    return await Promise.race([run(controller.signal), ended.promise]);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}
