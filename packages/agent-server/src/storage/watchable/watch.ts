// SPDX-License-Identifier: Apache-2.0
import { closeSync, readlinkSync } from 'node:fs';
import { Storage } from '@hako/protocols/agent';
import { createMutex } from '../../concurrency/mutex.ts';
import { AgentError } from '../../errors/agent-error.ts';
import { errnoName } from '../../errors/describe-error.ts';
import { commonMount } from '../common-mount.ts';
import type { StorageTools } from '../storage-driver.ts';
import { placePath, type StoragePlace, storagePlace } from '../storage-place.ts';
import { mirrorTree } from './mirror-tree.ts';
import { takeSnapshot, type TreeSnapshot } from './tree-snapshot.ts';

const pathOnly = 0o10000000; // O_PATH, which Node does not name
const nothing: TreeSnapshot = new Map();

/** One storage that is copied again whenever its source has changed. */
export interface Watch {
  /**
   * Copies what has changed.
   *
   * @returns false when it need not be asked again: the source has become too large and is bound now
   */
  refresh(): Promise<boolean>;
  /** Takes the target away. */
  remove(): Promise<void>;
}

/** The source without links, each of which has stayed below its root. */
function realSource({ paths, system }: StorageTools, source: string): string {
  const { root, below } = storagePlace(paths, source);
  using files = system.openRoot(root);
  const fd = files.open(below, { flags: pathOnly });
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/**
 * A {@link Watch} that has not copied anything yet.
 *
 * @param place - of the target, in a directory that is there already
 */
export function createWatch(source: string, place: StoragePlace, tools: StorageTools): Watch {
  const { mounter, system } = tools;
  const { root, below } = place;
  const target = placePath(place);
  const turn = createMutex();
  let copied: TreeSnapshot = nothing;
  let isBound = false;
  let isRemoved = false;

  async function bind(): Promise<void> {
    await commonMount(Storage.fromPartial({ source, fstype: 'bind', mountPoint: target }), tools);
    isBound = true;
  }

  return {
    async refresh() {
      using _turn = await turn.acquire();
      if (isBound || isRemoved) return false;
      const real = realSource(tools, source);
      const wanted = await takeSnapshot(real);
      if (wanted === undefined) {
        await bind();
        return false;
      }
      using files = system.openRoot(root);
      copied = await mirrorTree({ source: real, files, below }, copied, wanted);
      return true;
    },
    async remove() {
      using _turn = await turn.acquire();
      isRemoved = true;
      try {
        if (isBound) mounter.unmount(target, { root, detach: true });
        using files = system.openRoot(root);
        files.remove(below);
      } catch (error) {
        if (errnoName(error) === 'ENOENT') return;
        throw new AgentError('storage_failed', `watched storage ${target} cannot be removed`, {
          operand: target,
          cause: error,
        });
      }
    },
  };
}
