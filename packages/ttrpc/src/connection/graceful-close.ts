// SPDX-License-Identifier: Apache-2.0
import type { CloseOptions } from './close-reason.ts';

/**
 * Waits for `settled`; when the caller's patience ends first, calls `giveUp` with the reason, which must make it settle.
 */
export async function settleWithin(
  settled: Promise<unknown>,
  { signal, timeoutMs }: CloseOptions,
  giveUp: (why: string) => void,
): Promise<void> {
  const onAbort = (): void => giveUp('aborted by its owner');
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => giveUp(`${timeoutMs} ms have passed`), timeoutMs);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await settled;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
