// SPDX-License-Identifier: Apache-2.0

/** Limits of one read, and where its bytes go. */
export interface ByteReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Memory to read into; the answer is a view of its beginning. Default: fresh memory. */
  readonly into?: Uint8Array | undefined;
}

/** A readable end of a pipe or terminal. */
export interface ByteSource {
  /**
   * Waits for bytes and takes at most `maxBytes` of them; empty = end of file. An abort takes nothing. Calls are served in
   * order.
   */
  read(maxBytes: number, options?: ByteReadOptions): Promise<Uint8Array>;
  /** Takes what is there without waiting; empty at the end of file, undefined when there is nothing. May be absent. */
  readNow?(into: Uint8Array): Uint8Array | undefined;
  /** Lets its writer run further ahead. Absent where the size is fixed or was chosen by somebody. */
  widen?(capacityBytes: number): void;
  /** Closes the descriptor. */
  close(): void;
}

/** A writable end of a pipe or terminal. */
export interface ByteSink {
  /** Resolves when the kernel has taken all bytes; EPIPE when nobody reads. */
  write(bytes: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Closes the descriptor: end of file for the reader. */
  close(): void;
}

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** The agent's end of a pseudo-terminal. */
export interface TerminalEnd {
  readonly reader: ByteSource;
  readonly writer: ByteSink;
  /** TIOCSWINSZ. */
  resize(size: TerminalSize): void;
  /** Hangs the terminal up. */
  close(): void;
}

/** How the agent talks to a process: three pipes, or one terminal. */
export type ProcessIo =
  | {
      readonly kind: 'pipes';
      readonly stdin: ByteSink;
      readonly stdout: ByteSource;
      readonly stderr: ByteSource;
    }
  | { readonly kind: 'terminal'; readonly terminal: TerminalEnd };

/** How a process ended. */
export type ExitStatus = { readonly exitCode: number } | { readonly signal: number };

const signalBase = 128;

/** The exit code of a process; 128 + n when signal n ended it. */
export function exitCodeOf(status: ExitStatus): number {
  return 'signal' in status ? signalBase + status.signal : status.exitCode;
}
