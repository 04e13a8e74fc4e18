// SPDX-License-Identifier: Apache-2.0
import { copyFile, mkdir, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HypervisorError, type VmConfig } from '@hako/hypervisor';
import { mebibyte } from '../command-line/memory.ts';

/** As upstream has it: what is written has room, and the disk has some left. */
const roomFactor = 2;

/** What the name of a file ends in that is not whole. */
export const unfinished = '.part';

/** What is larger than logs and records are is no state but data, such as swap space of the guest. */
const largestStateBytes = 16 * mebibyte;

/** What is known of a machine beside its memory. */
export interface MachineFacts {
  readonly config: VmConfig;
  /** Version of the hypervisor. */
  readonly version: string;
}

/**
 * Prepares the place of a dump, `PARENT/ID`, with upstream's names: looks for room, then writes down what is known of the
 * machine. Of the run directory go the files that lie in it themselves, such as the console log: nothing that is shared with
 * the guest.
 *
 * @param memoryBytes - Of the guest.
 * @returns where the memory is to go
 * @throws HypervisorError `unsupported` if there is not room for twice the memory: nothing is written then | the signal's
 *   reason. Errors of the file system pass.
 */
export async function prepareDumpPlace(
  parentPath: string,
  { config, version }: MachineFacts,
  memoryBytes: number,
  signal: AbortSignal,
): Promise<string> {
  await mkdir(parentPath, { recursive: true, mode: 0o700 });
  const files = await filesOf(config.runDir);
  await expectRoom(parentPath, roomFactor * memoryBytes + files.reduce((sum, { size }) => sum + size, 0));
  signal.throwIfAborted();
  const directory = join(parentPath, config.id);
  const statePath = join(directory, 'state');
  await mkdir(statePath, { recursive: true, mode: 0o700 });
  for (const { name } of files) {
    signal.throwIfAborted();
    // Records are replaced by their writers.
    await copyFile(join(config.runDir, name), join(statePath, name)).catch(ignoreAbsence);
  }
  const isPrivate = { mode: 0o600, signal };
  await writeFile(join(directory, 'hypervisor.conf'), `${JSON.stringify(config, null, 2)}\n`, isPrivate);
  await writeFile(join(directory, 'hypervisor.version'), `${version}\n`, isPrivate);
  const time = new Date().toISOString().replaceAll(/[-:]/g, '');
  return join(directory, `vmcore-${time}.elf`);
}

/** Removes what dumps have begun that came to no end. For a machine that has ended. Never rejects. */
export async function removeUnfinished(parentPath: string, id: string): Promise<void> {
  const directory = join(parentPath, id);
  const names = await readdir(directory).catch(() => []);
  const begun = names.filter((name) => name.endsWith(unfinished));
  await Promise.allSettled(begun.map((name) => rm(join(directory, name), { force: true })));
}

async function filesOf(directory: string): Promise<{ readonly name: string; readonly size: number }[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ name }) => {
        const found = await stat(join(directory, name)).catch(ignoreAbsence);
        return { name, size: found?.size };
      }),
  );
  return files.flatMap(({ name, size }) =>
    size === undefined || size > largestStateBytes ? [] : [{ name, size }],
  );
}

function ignoreAbsence(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
  throw error;
}

async function expectRoom(path: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new HypervisorError(
    'unsupported',
    `${path} has ${mib(freeBytes)} MiB free, and ${mib(neededBytes)} MiB are needed for a memory dump`,
    { operand: path },
  );
}

function mib(bytes: number): number {
  return Math.floor(bytes / mebibyte);
}
