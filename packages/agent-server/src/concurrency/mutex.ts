// SPDX-License-Identifier: Apache-2.0

/** Lets one holder in at a time, in the order of asking. */
export interface Mutex {
  /**
   * Waits for its turn.
   *
   * @param signal - gives the place in the queue up; the promise then rejects with the signal's reason
   */
  acquire(signal?: AbortSignal): Promise<Disposable>;
}

/** A {@link Mutex} that nobody holds. */
export function createMutex(): Mutex {
  let tail: Promise<void> = Promise.resolve();
  let asking = 0;
  return {
    async acquire(signal) {
      signal?.throwIfAborted();
      const turn = tail;
      const isFree = asking === 0;
      asking += 1;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      let isHeld = true;
      const release = () => {
        if (isHeld) asking -= 1;
        isHeld = false;
        resolve(undefined);
      };
      tail = promise;
      try {
        if (!isFree) await rejectOnAbort(turn, signal);
      } catch (error) {
        void turn.then(release);
        throw error;
      }
      return { [Symbol.dispose]: release };
    },
  };
}

/**
 * A promise's result, unless the signal comes first; then the signal's reason is thrown. The promise itself goes on.
 */
export async function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
