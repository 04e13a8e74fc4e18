// SPDX-License-Identifier: Apache-2.0
import type { ByteSink, ByteSource } from '../process/process-io.ts';

/** A pipe in memory with the manners of a kernel's: reads wait, aborted reads take nothing, no reader is EPIPE. */
export interface MemoryPipe {
  readonly source: ByteSource;
  /** One more writing end; the end of file comes when all are closed. */
  openSink(): ByteSink;
}

interface Waiter {
  readonly maxBytes: number;
  readonly into: Uint8Array | undefined;
  resolve(bytes: Uint8Array): void;
  reject(reason: unknown): void;
}

/** An error as a failed system call has it. */
export function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** A {@link MemoryPipe} that nobody writes to yet. */
export function createMemoryPipe(): MemoryPipe {
  let buffered = Buffer.alloc(0);
  let sinks = 0;
  let wasOpened = false;
  let isClosed = false;
  const waiters: Waiter[] = [];

  function serve(): void {
    for (let waiter = waiters[0]; waiter !== undefined; waiter = waiters[0]) {
      const hasEnded = wasOpened && sinks === 0;
      if (buffered.length === 0 && !hasEnded) return;
      waiters.shift();
      const { into, maxBytes } = waiter;
      const taken = buffered.subarray(0, Math.min(maxBytes, into?.length ?? maxBytes));
      into?.set(taken);
      waiter.resolve(into === undefined ? Uint8Array.from(taken) : into.subarray(0, taken.length));
      buffered = buffered.subarray(taken.length);
    }
  }

  const source: ByteSource = {
    async read(maxBytes, { signal, into } = {}) {
      if (isClosed) throw new Error('closed');
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      const waiter = { maxBytes, into, resolve, reject };
      waiters.push(waiter);
      const onAbort = () => {
        const index = waiters.indexOf(waiter);
        if (index >= 0) waiters.splice(index, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      serve();
      try {
        return await promise;
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    close() {
      isClosed = true;
      for (const waiter of waiters.splice(0)) waiter.reject(new Error('closed'));
    },
  };
  return {
    source,
    openSink() {
      sinks += 1;
      wasOpened = true;
      let isOpen = true;
      return {
        write(bytes) {
          if (isClosed) return Promise.reject(systemError('EPIPE', 'nobody reads'));
          if (!isOpen) return Promise.reject(new Error('closed'));
          buffered = Buffer.concat([buffered, bytes]);
          serve();
          return Promise.resolve();
        },
        close() {
          if (!isOpen) return;
          isOpen = false;
          sinks -= 1;
          serve();
        },
      };
    },
  };
}
