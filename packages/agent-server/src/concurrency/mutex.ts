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
  /** Resolves when whoever asked last is done; undefined when nobody is left, so that the next one need not wait. */
  let tail: Promise<undefined> | undefined;
  return {
    async acquire(signal) {
      signal?.throwIfAborted();
      const turn = tail;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const release = () => {
        if (tail === promise) tail = undefined;
        resolve(undefined);
      };
      tail = promise;
      try {
        if (turn !== undefined) await rejectOnAbort(turn, signal);
      } catch (error) {
        void turn?.then(release);
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
