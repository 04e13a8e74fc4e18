// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import type { InputStream } from '../console-streams.ts';

/**
 * Puts a terminal into raw mode, so that every key goes to the workload, Ctrl-C included. It is restored when the answer
 * is disposed of, and at the latest when the process exits. Does nothing to what is no terminal.
 * @param stdin standard input
 */
export function rawTerminal(stdin: InputStream): Disposable {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return { [Symbol.dispose]: () => undefined };
  const restore = (): void => {
    process.off('exit', restore);
    stdin.setRawMode?.(false);
  };
  stdin.setRawMode(true);
  process.once('exit', restore);
  return { [Symbol.dispose]: restore };
}
