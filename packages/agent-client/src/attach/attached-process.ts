// SPDX-License-Identifier: Apache-2.0

/** Which output is meant. A terminal has standard output only. */
export type OutputName = 'stdout' | 'stderr';

/** Ends one wait with code `aborted`; what it waited for is not lost. */
export interface AttachedWaitOptions {
  readonly signal?: AbortSignal;
}

/**
 * A process in the guest with its streams, whatever road they take. Every wait rejects with `AgentClientError`.
 */
export interface AttachedProcess {
  /** Waits for output and takes what is there; empty at its end. One read at a time per output. */
  read(output: OutputName, options?: AttachedWaitOptions): Promise<Uint8Array>;
  /** Reads an output no more: what comes is thrown away. */
  discard(output: OutputName): void;
  /** Writes all of `data` in the order of the calls; waits while the guest takes none. Empty data does nothing. */
  write(data: Uint8Array, options?: AttachedWaitOptions): Promise<void>;
  /** Ends standard input behind what was written. A terminal is hung up. */
  closeStdin(options?: AttachedWaitOptions): Promise<void>;
  /** Sets the size of the terminal, in characters. */
  resize(
    size: { readonly rows: number; readonly columns: number },
    options?: AttachedWaitOptions,
  ): Promise<void>;
  /**
   * Waits for the end: the exit code, or 128 plus the number of the signal. Both outputs must have been read to their end, or
   * discarded. The agent forgets the process then.
   */
  wait(options?: AttachedWaitOptions): Promise<number>;
  /** Lets go of the process, which lives on; waits reject with `closed`. Idempotent. */
  close(): void;
}
