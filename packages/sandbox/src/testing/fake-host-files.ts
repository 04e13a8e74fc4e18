// SPDX-License-Identifier: Apache-2.0
import type { HostFiles } from '../container/mounts/host-files.ts';

/** A path of a host that does not exist. */
export interface FakeHostFile {
  readonly is?: 'file' | 'directory' | 'other';
  readonly groupId?: number;
  readonly on?: 'tmpfs' | 'hugetlbfs' | 'other';
  readonly sizeBytes?: number;
  readonly mountOptions?: readonly string[];
  readonly files?: number;
}

/**
 * A host out of memory. Error: ENOENT for a path it has not.
 * @param paths what it has
 */
export function fakeHostFiles(paths: Readonly<Record<string, FakeHostFile>>): HostFiles {
  const find = (path: string): Promise<FakeHostFile> => {
    const found = paths[path];
    return found === undefined
      ? Promise.reject(Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' }))
      : Promise.resolve(found);
  };
  return {
    resolve: async (path) => {
      await find(path);
      return path;
    },
    async file(path) {
      const { is = 'directory', groupId = 0 } = await find(path);
      return { isFile: is === 'file', isDirectory: is === 'directory', groupId };
    },
    async fileSystem(path) {
      const { on = 'other', sizeBytes = 0 } = await find(path);
      return { kind: on, sizeBytes };
    },
    mountOptions: async (path) => (await find(path)).mountOptions,
    countFiles: async (path) => (await find(path)).files ?? 1,
  };
}
