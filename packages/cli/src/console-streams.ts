// SPDX-License-Identifier: Apache-2.0
import type { Readable, Writable } from 'node:stream';

/** Standard input, perhaps a terminal. */
export interface InputStream extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/** Standard output or error, perhaps a terminal. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The three streams of the program. */
export interface ConsoleStreams {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** Signals a person or a service manager sends to end a program. */
export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Those signals. */
export const endSignals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Subscribes to an end signal; the answer unsubscribes. */
export type OnSignal = (name: EndSignal, handler: () => void) => () => void;
