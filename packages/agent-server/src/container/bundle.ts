// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OciSpec, stringifyOciSpec } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';
import { pathExists } from '../files/path-exists.ts';
import { type AgentPaths, bundleDirOf } from '../paths/agent-paths.ts';
import type { GuestSystem } from '../system/guest-system.ts';
import type { Mounter } from '../system/mounter.ts';
import { unmountIfMounted } from '../system/unmount-if-mounted.ts';

const directoryMode = 0o755;
/** The specification holds the environment, and so perhaps secrets. */
const configMode = 0o600;

/** The directory the OCI runtime is given. */
export interface Bundle {
  readonly dir: string;
  /** Where the root file system is mounted. */
  readonly rootfs: string;
  /** Writes `config.json`. */
  writeConfig(spec: OciSpec): Promise<void>;
  /** Unmounts and removes everything. */
  remove(): Promise<void>;
}

/**
 * Makes a container's bundle: the root path of the host is bound to `rootfs`, unless a storage has been mounted there already.
 *
 * @param rootPath - `root.path` of the specification
 * @throws AgentError `invalid_spec` when the root path cannot be bound
 */
export async function createBundle(
  components: { readonly paths: AgentPaths; readonly mounter: Mounter; readonly system: GuestSystem },
  containerId: string,
  rootPath: string,
): Promise<Bundle> {
  const { paths, mounter, system } = components;
  const dir = bundleDirOf(paths, containerId);
  const rootfs = join(dir, 'rootfs');

  /** Stops at mount points, so that nothing of the host can be deleted through one that could not be unmounted. */
  function removeDirectory(): void {
    using root = system.openRoot(paths.kataDir);
    root.remove(containerId);
  }

  function remove(): Promise<void> {
    while (unmountIfMounted(mounter, rootfs)) continue;
    removeDirectory();
    return Promise.resolve();
  }

  if (!(await pathExists(rootfs))) {
    await mkdir(rootfs, { recursive: true, mode: directoryMode });
    try {
      mounter.mount({ source: rootPath, target: rootfs, flags: ['bind', 'rec'] });
    } catch (error) {
      removeDirectory();
      throw new AgentError('invalid_spec', `root path ${rootPath} cannot be bound`, {
        operand: rootPath,
        cause: error,
      });
    }
  }
  return {
    dir,
    rootfs,
    remove,
    writeConfig: (spec) => writeFile(join(dir, 'config.json'), stringifyOciSpec(spec), { mode: configMode }),
  };
}
