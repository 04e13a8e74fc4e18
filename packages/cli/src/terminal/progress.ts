// SPDX-License-Identifier: Apache-2.0
import type { OutputStream } from '../console-streams.ts';

/** Tells a person at a terminal what is going on. */
export interface Progress extends Disposable {
  /** Replaces the line. */
  say(text: string): void;
  /** Clears the line for good. Idempotent. */
  clear(): void;
}

/** A line appears only when the phase is slow enough to wonder about. */
const patienceMs = 150;

/**
 * Shows what is going on, on standard error and only when that is a terminal. The spinner is loaded only when it is
 * needed.
 * @param stderr standard error
 */
export function createProgress(stderr: OutputStream): Progress {
  if (stderr.isTTY !== true) {
    return { say: () => undefined, clear: () => undefined, [Symbol.dispose]: () => undefined };
  }
  let text = '';
  let spinner: { text: string; stop(): unknown } | undefined;
  let cleared = false;
  const timer = setTimeout(() => {
    void import('yocto-spinner').then(({ default: yoctoSpinner }) => {
      if (!cleared) spinner = yoctoSpinner({ text, stream: process.stderr }).start();
    });
  }, patienceMs);
  const clear = (): void => {
    cleared = true;
    clearTimeout(timer);
    spinner?.stop();
  };
  return {
    say(next) {
      text = next;
      if (spinner !== undefined) spinner.text = next;
    },
    clear,
    [Symbol.dispose]: clear,
  };
}
