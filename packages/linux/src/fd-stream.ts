// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';
import type { FdReader } from './fd-reader.ts';
import type { FdWriter } from './fd-writer.ts';
import { LinuxError } from './linux-error.ts';

/** What {@link createFdStream} is made of. */
export interface FdStreamOptions {
  readonly reader: FdReader;
  readonly writer: FdWriter;
  /** Called when the program has ended its side and all its bytes are written. */
  readonly finish: () => void;
  /** Looks at an end of file that came before any byte; `true` means: no end, read again. */
  readonly retryAtEnd?: (signal: AbortSignal) => Promise<boolean>;
}

const readBytes = 64 * 1024;
/** Chunks written in one tick are joined up to this size, so that small frames share a system call. */
const joinBytes = 64 * 1024;

/** A stream over descriptors. It reads ahead by one chunk of 64 KiB, as streams do. */
export function createFdStream({ reader, writer, finish, retryAtEnd }: FdStreamOptions): Duplex {
  const ended = new AbortController();
  let started = false;

  const readOnce = async (): Promise<Uint8Array> => {
    for (;;) {
      const bytes = await reader.read(readBytes);
      started ||= bytes.length > 0;
      if (started || retryAtEnd === undefined) return bytes;
      if (!(await retryAtEnd(ended.signal))) return bytes;
    }
  };

  return new Duplex({
    readableHighWaterMark: readBytes,
    writableHighWaterMark: joinBytes,
    allowHalfOpen: true,
    read() {
      readOnce().then(
        (bytes) => this.push(bytes.length === 0 ? null : bytes),
        (error: unknown) => this.destroy(asError(error)),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      writer.write(chunk).then(() => done(), done);
    },
    writev(chunks: readonly { readonly chunk: Uint8Array }[], done) {
      writeAll(writer, chunks).then(() => done(), done);
    },
    final(done) {
      try {
        finish();
        done();
      } catch (error) {
        done(asError(error));
      }
    },
    destroy(error, done) {
      ended.abort();
      reader.close();
      writer.close();
      done(error);
    },
  });
}

async function writeAll(writer: FdWriter, chunks: readonly { readonly chunk: Uint8Array }[]): Promise<void> {
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  for (const { chunk } of chunks) {
    if (batchBytes > 0 && batchBytes + chunk.length > joinBytes) {
      await writer.write(joined(batch));
      batch = [];
      batchBytes = 0;
    }
    batch.push(chunk);
    batchBytes += chunk.length;
  }
  await writer.write(joined(batch));
}

function joined(batch: readonly Uint8Array[]): Uint8Array {
  const [only] = batch;
  return batch.length === 1 && only !== undefined ? only : Buffer.concat(batch);
}

/** A read that the stream itself ended by closing its reader is no error of the stream. */
function asError(error: unknown): Error | undefined {
  if (error instanceof LinuxError && error.code === 'closed') return undefined;
  return error instanceof Error ? error : new Error(String(error));
}
