// SPDX-License-Identifier: Apache-2.0
import { open, readdir, readlink, type FileHandle } from 'node:fs/promises';
import { HypervisorError } from '@hako/hypervisor';

/** A stretch of memory that is not all zeroes. */
export interface Extent {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** What is looked at as a whole: memory is kept or left out in pieces of this size. */
const blockBytes = 64 * 1024;
/** One read or write. */
const chunkBytes = 4 * 1024 * 1024;
/** Reads and writes under way at a time; Node's thread pool has four threads. */
const parallelChunks = 4;

/** Name that QEMU gives the file of a `memory-backend-memfd` (see memfd_create(2)). */
const backendName = '/memfd:memory-backend-memfd';

/**
 * Opens the shared memory of a guest, which is a nameless file of its QEMU, for reading and writing.
 *
 * @throws HypervisorError `unsupported` if this QEMU's memory is not shared or the process cannot be looked into
 */
export async function openGuestMemory(qemuPid: number): Promise<FileHandle> {
  const directory = `/proc/${qemuPid}/fd`;
  try {
    for (const name of await readdir(directory)) {
      const target = await readlink(`${directory}/${name}`).catch(() => '');
      if (target.startsWith(backendName)) return await open(`${directory}/${name}`, 'r+');
    }
  } catch (cause) {
    throw new HypervisorError('unsupported', `memory of qemu ${qemuPid} cannot be opened`, {
      operand: directory,
      cause,
    });
  }
  throw new HypervisorError('unsupported', `qemu ${qemuPid} has no shared memory`, { operand: directory });
}

/**
 * Copies everything but zeroes; the target gets holes in their place.
 *
 * @returns what was copied, in ascending order, neighbours joined
 */
export async function copyMemory(
  source: FileHandle,
  target: FileHandle,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<readonly Extent[]> {
  const found = await inParallel(
    chunksOf([{ offsetBytes: 0, lengthBytes: sizeBytes }]),
    signal,
    async (chunk, buffer) => {
      const bytes = await readChunk(source, chunk, buffer);
      const extents = nonZeroExtents(bytes, chunk.offsetBytes);
      for (const { offsetBytes, lengthBytes } of extents)
        await writeAll(
          target,
          bytes.subarray(offsetBytes - chunk.offsetBytes).subarray(0, lengthBytes),
          offsetBytes,
        );
      return extents;
    },
  );
  await target.truncate(sizeBytes);
  return joined(found.flat());
}

/** Copies the given extents to the same place in the target, whose other bytes stay. */
export async function copyExtents(
  source: FileHandle,
  target: FileHandle,
  extents: readonly Extent[],
  signal: AbortSignal,
): Promise<void> {
  await inParallel(chunksOf(extents), signal, async (chunk, buffer) => {
    await writeAll(target, await readChunk(source, chunk, buffer), chunk.offsetBytes);
  });
}

function chunksOf(extents: readonly Extent[]): Extent[] {
  return extents.flatMap(({ offsetBytes, lengthBytes }) =>
    Array.from({ length: Math.ceil(lengthBytes / chunkBytes) }, (_, index) => ({
      offsetBytes: offsetBytes + index * chunkBytes,
      lengthBytes: Math.min(chunkBytes, lengthBytes - index * chunkBytes),
    })),
  );
}

/** Answers in the order of the chunks. Each piece of work gets a buffer that is its own until it is done. */
async function inParallel<T>(
  chunks: readonly Extent[],
  signal: AbortSignal,
  work: (chunk: Extent, buffer: Buffer) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  const queue = chunks.entries();
  const worker = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(chunkBytes);
    for (const [index, chunk] of queue) {
      signal.throwIfAborted();
      results[index] = await work(chunk, buffer);
    }
  };
  await Promise.all(Array.from({ length: parallelChunks }, worker));
  return results;
}

async function readChunk(
  source: FileHandle,
  { offsetBytes, lengthBytes }: Extent,
  buffer: Buffer,
): Promise<Buffer> {
  const bytes = buffer.subarray(0, lengthBytes);
  for (let done = 0; done < lengthBytes;) {
    const { bytesRead } = await source.read(bytes, done, lengthBytes - done, offsetBytes + done);
    if (bytesRead === 0)
      throw new HypervisorError('snapshot_unusable', `memory file ends at ${offsetBytes + done} bytes`);
    done += bytesRead;
  }
  return bytes;
}

async function writeAll(target: FileHandle, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, offsetBytes + done);
    done += bytesWritten;
  }
}

const zeroes = Buffer.alloc(blockBytes);

function nonZeroExtents(bytes: Buffer, baseBytes: number): readonly Extent[] {
  const blocks: Extent[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    if (block.compare(zeroes, 0, block.length) !== 0)
      blocks.push({ offsetBytes: baseBytes + at, lengthBytes: block.length });
  }
  return joined(blocks);
}

function joined(extents: readonly Extent[]): readonly Extent[] {
  const result: Extent[] = [];
  for (const extent of extents) {
    const last = result.at(-1);
    if (last !== undefined && last.offsetBytes + last.lengthBytes === extent.offsetBytes)
      result[result.length - 1] = { ...last, lengthBytes: last.lengthBytes + extent.lengthBytes };
    else result.push(extent);
  }
  return result;
}
