// SPDX-License-Identifier: Apache-2.0
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HypervisorError } from '@hako/hypervisor';
import type { Extent } from './guest-memory.ts';

/** Places of a snapshot's parts in its directory. */
export interface SnapshotFiles {
  /** The guest's memory, with holes where it is zero. */
  readonly memory: string;
  /** Everything else: what QEMU's migration stream holds. */
  readonly state: string;
  /** {@link SnapshotIndex} as JSON; there only when the other two are complete. */
  readonly index: string;
}

/** What of the memory file is worth reading. */
export interface SnapshotIndex {
  readonly memoryBytes: number;
  readonly extents: readonly Extent[];
}

/** Where a snapshot keeps what. */
export function snapshotFiles(directory: string): SnapshotFiles {
  return {
    memory: join(directory, 'memory'),
    state: join(directory, 'state'),
    index: join(directory, 'index.json'),
  };
}

/** Writes the index, which makes the snapshot complete. */
export async function writeIndex({ index }: SnapshotFiles, content: SnapshotIndex): Promise<void> {
  await writeFile(index, JSON.stringify(content), { flag: 'wx', mode: 0o600 });
}

/**
 * Reads the index and checks that its extents lie in the memory, in order.
 *
 * @throws HypervisorError `snapshot_unusable`
 */
export async function readIndex({ index }: SnapshotFiles): Promise<SnapshotIndex> {
  const unusable = (cause?: unknown): HypervisorError =>
    new HypervisorError('snapshot_unusable', `snapshot index ${index} cannot be used`, {
      operand: index,
      cause,
    });
  let content: unknown;
  try {
    content = JSON.parse(await readFile(index, 'utf8'));
  } catch (cause) {
    throw unusable(cause);
  }
  if (!isIndex(content)) throw unusable();
  return content;
}

/**
 * Checks that a snapshot is complete.
 *
 * @throws HypervisorError `snapshot_unusable`
 */
export async function checkSnapshot(directory: string): Promise<void> {
  const files = snapshotFiles(directory);
  await readIndex(files);
  for (const path of [files.memory, files.state]) {
    await access(path).catch((cause: unknown) => {
      throw new HypervisorError('snapshot_unusable', `snapshot ${directory} lacks ${path}`, {
        operand: directory,
        cause,
      });
    });
  }
}

function isIndex(value: unknown): value is SnapshotIndex {
  if (typeof value !== 'object' || value === null || !('memoryBytes' in value) || !('extents' in value))
    return false;
  const { memoryBytes, extents } = value;
  if (!isSize(memoryBytes) || !Array.isArray(extents)) return false;
  let endBytes = 0;
  return extents.every((extent: unknown) => {
    if (typeof extent !== 'object' || extent === null) return false;
    if (!('offsetBytes' in extent) || !('lengthBytes' in extent)) return false;
    const { offsetBytes, lengthBytes } = extent;
    if (!isSize(offsetBytes) || !isSize(lengthBytes) || offsetBytes < endBytes) return false;
    endBytes = offsetBytes + lengthBytes;
    return endBytes <= memoryBytes;
  });
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
