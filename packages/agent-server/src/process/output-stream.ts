// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { createMutex } from '../concurrency/mutex.ts';
import type { ByteReadOptions, ByteSource } from './process-io.ts';

/**
 * How long after the end of a process its output may still be held open by a descendant. Hosts read the output to its end
 * before they take the exit code, so the end must come.
 */
export const exitLingerMs = 500;

/** How long a read that begins after that waits for what is in the pipe already. */
const drainMs = 20;

/** Standard output, standard error or terminal output of one process. */
export interface OutputStream {
  /**
   * Waits for output and takes at most `maxBytes`. Empty = end of output: all writers are gone, or the process has ended and
   * nothing came for a while, or the stream has been closed meanwhile.
   *
   * @param into - memory to read into, see {@link ByteReadOptions}
   * @throws the signal's reason when it is aborted first; nothing is lost then
   */
  read(maxBytes: number, signal: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
  /**
   * Takes what is there without waiting. Undefined when that is nothing, or not to be had in this way: then
   * {@link OutputStream.read} tells.
   */
  readNow(into: Uint8Array): Uint8Array | undefined;
  /** See {@link ByteSource.widen}. */
  widen(capacityBytes: number): void;
  /** Tells that the process has ended. */
  processExited(): void;
  /** Waits until somebody who has been reading has seen the end, or has stopped reading. */
  drained(signal: AbortSignal): Promise<void>;
  close(): void;
}

const nothing = new Uint8Array(0);

/** Wraps a pipe's end. */
export function createOutputStream(source: ByteSource): OutputStream {
  const turn = createMutex();
  const ended = Promise.withResolvers<undefined>();
  let hasEnded = false;
  let isClosed = false;
  let exitedAtMs: number | undefined;
  let readsBegun = 0;
  /** Arms the limit of the read that is waiting while the process ends. */
  let onExit: (() => void) | undefined;

  function end(): void {
    hasEnded = true;
    ended.resolve(undefined);
  }

  /** Gives a read that began while the process lived, or after it ended, the time it has left. */
  function startLinger(exitMs: number, startedAtMs: number, giveUp: () => void): NodeJS.Timeout {
    const remainingMs = exitMs + exitLingerMs - performance.now();
    const minimumMs = startedAtMs > exitMs ? drainMs : 0;
    // Timers run before descriptors are polled; one more phase lets bytes that are there win.
    return setTimeout(() => setImmediate(giveUp), Math.max(remainingMs, minimumMs));
  }

  async function readOnce(
    maxBytes: number,
    signal: AbortSignal,
    into: ByteReadOptions['into'],
  ): Promise<Uint8Array> {
    const startedAtMs = performance.now();
    const linger = new AbortController();
    const giveUp = () => linger.abort();
    let timer = exitedAtMs === undefined ? undefined : startLinger(exitedAtMs, startedAtMs, giveUp);
    onExit = () => {
      timer ??= startLinger(exitedAtMs ?? startedAtMs, startedAtMs, giveUp);
    };
    try {
      return await source.read(maxBytes, { signal: AbortSignal.any([signal, linger.signal]), into });
    } catch (error) {
      if (isClosed || (linger.signal.aborted && !signal.aborted)) return nothing;
      throw error;
    } finally {
      onExit = undefined;
      clearTimeout(timer);
    }
  }

  return {
    async read(maxBytes, signal, into) {
      if (maxBytes <= 0) return nothing;
      readsBegun += 1;
      using _turn = await turn.acquire(signal);
      if (isClosed) return nothing;
      const bytes = await readOnce(maxBytes, signal, into);
      if (bytes.length === 0) end();
      return bytes;
    },
    readNow(into) {
      if (isClosed) return undefined;
      const bytes = source.readNow?.(into);
      return bytes === undefined || bytes.length === 0 ? undefined : bytes;
    },
    widen(capacityBytes) {
      if (!isClosed) source.widen?.(capacityBytes);
    },
    processExited() {
      exitedAtMs ??= performance.now();
      onExit?.();
    },
    async drained(signal) {
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      try {
        for (let seen = 0; readsBegun > seen && !hasEnded;) {
          seen = readsBegun;
          await Promise.race([ended.promise, delay(exitLingerMs, undefined, { signal: either })]);
        }
      } finally {
        stop.abort();
      }
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      end();
      source.close();
    },
  };
}
