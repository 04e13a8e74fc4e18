// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** A directory that stands for the root of the cgroup file systems. */
export interface CgroupDirectory {
  /** Its path, within a test. */
  readonly root: string;
  /** Makes files by their paths, with the directories they lie in. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Reads a file. */
  read(name: string): Promise<string>;
}

/** Gives each test of a file an empty {@link CgroupDirectory}. */
export function useCgroupDirectory(): CgroupDirectory {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'hako-cgroup-'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });
  return {
    get root() {
      return root;
    },
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, name)), { recursive: true });
        await writeFile(join(root, name), text);
      }
    },
    read: (name) => readFile(join(root, name), 'utf8'),
  };
}
