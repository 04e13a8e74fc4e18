// SPDX-License-Identifier: Apache-2.0

/** Errors that nobody caught since the last look. */
export interface StrayErrors extends Disposable {
  /** Waits for errors under way, then throws the first one there is. */
  check(): Promise<void>;
}

/** Catches what would end the process: a finding like any other, but one that needs its input to be of use. */
export function watchStrayErrors(): StrayErrors {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  return {
    async check() {
      // Rejections are reported when the microtasks of a turn are done.
      await new Promise((resolve) => setImmediate(resolve));
      const [error] = errors.splice(0);
      if (error !== undefined) throw new Error('nobody caught an error', { cause: error });
    },
    [Symbol.dispose]() {
      process.off('uncaughtException', onError);
      process.off('unhandledRejection', onError);
    },
  };
}
