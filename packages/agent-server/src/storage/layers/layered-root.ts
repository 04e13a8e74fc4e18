// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Storage } from '@hako/protocols/agent';
import { AgentError } from '../../errors/agent-error.ts';
import { pathBelow } from '../../paths/path-below.ts';
import { commonMount } from '../common-mount.ts';
import { unmountStorage } from '../mounted-storage.ts';
import type { StorageContext, StorageDriver } from '../storage-driver.ts';
import { findLayerDisk } from './layer-disk.ts';
import { isLower, isUpper, layeredDriverName, mountOptionsOf, wantedDirectories } from './layer-options.ts';
import { openVerifiedDisk } from './verified-disk.ts';
import { verityOptionsOf } from './verity-options.ts';

const directoryMode = 0o755;

interface Layers {
  readonly upper: Storage | undefined;
  readonly lowers: readonly Storage[];
}

function sortLayers(layers: readonly Storage[]): Layers {
  const [upper, ...more] = layers.filter(isUpper);
  if (more.length > 0) throw new AgentError('storage_failed', 'a root file system has one upper layer');
  const lowers = layers.filter((layer) => !isUpper(layer) && isLower(layer));
  if (lowers.length === 0) throw new AgentError('storage_failed', 'a root file system has no lower layer');
  const other = layers.find((layer) => !isUpper(layer) && !isLower(layer));
  if (other !== undefined) {
    throw new AgentError(
      'storage_failed',
      `${JSON.stringify(other.fstype)} is no layer of a root file system`,
    );
  }
  return { upper, lowers };
}

/** Mounts one layer by itself, after its disk has been put behind its hashes if it has some. */
async function mountLayer(
  layer: Storage,
  mountPoint: string,
  context: StorageContext,
  undo: AsyncDisposableStack,
): Promise<string> {
  const verity = verityOptionsOf(layer);
  if (verity !== undefined && isUpper(layer)) {
    throw new AgentError('storage_failed', `layer ${layer.source} is written to and cannot be verified`);
  }
  let source = await findLayerDisk(layer, context);
  if (verity !== undefined) {
    const verified = await openVerifiedDisk(source, verity, context);
    undo.defer(() => verified.remove());
    source = verified.path;
  }
  const options = mountOptionsOf(layer);
  if (isLower(layer) && !options.includes('ro')) options.push('ro');
  undo.defer(() => unmountStorage(mountPoint, context, { detach: true }));
  await commonMount({ ...layer, source, options, mountPoint }, context);
  return mountPoint;
}

/** Makes the directories of an upper layer that the overlay and the host want. No link of the layer leads out of it. */
function prepareUpper(layer: Storage, mountPoint: string, { system }: StorageContext): string[] {
  using files = system.openRoot(mountPoint);
  for (const { path, mode } of wantedDirectories(layer)) {
    const below = pathBelow(mountPoint, `${mountPoint}/${path}`);
    files.makeDirectories(below, directoryMode);
    if (mode !== undefined) files.changeMode(below, mode);
  }
  for (const name of ['upper', 'work']) files.makeDirectories(name, directoryMode);
  return [`upperdir=${join(mountPoint, 'upper')}`, `workdir=${join(mountPoint, 'work')}`];
}

/** The storage that shows the layers as one. A single one is shown as it is: an overlay needs two. */
function unite(lowerDirs: readonly string[], upperOptions: readonly string[], mountPoint: string): Storage {
  const [only = ''] = lowerDirs;
  if (upperOptions.length === 0 && lowerDirs.length === 1) {
    return Storage.fromPartial({ source: only, fstype: 'bind', mountPoint });
  }
  const options = [`lowerdir=${lowerDirs.join(':')}`, ...upperOptions];
  return Storage.fromPartial({ source: 'overlay', fstype: 'overlay', options, mountPoint });
}

/**
 * A root file system made of read-only layers, the first on top, and perhaps a writable one, each on a disk or partition of
 * its own. They are mounted in the sandbox's directory, not in the container's, which goes first.
 */
export const layeredRootDriver: StorageDriver = {
  name: layeredDriverName,
  async attach(storage, context) {
    const { paths, containerId = 'sandbox' } = context;
    const { upper, lowers } = sortLayers(context.layers);
    const dir = join(paths.kataDir, 'sandbox/multi-layer', containerId);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => unmountStorage(dir, context));
    const upperOptions =
      upper === undefined
        ? []
        : prepareUpper(upper, await mountLayer(upper, join(dir, 'upper'), context, undo), context);
    const lowerDirs: string[] = [];
    for (const [index, lower] of lowers.entries()) {
      lowerDirs.push(await mountLayer(lower, join(dir, `lower-${index}`), context, undo));
    }
    await commonMount(unite(lowerDirs, upperOptions, storage.mountPoint), context);
    undo.defer(() => unmountStorage(storage.mountPoint, context, { detach: true }));
    const owned = undo.move();
    return { detach: () => owned.disposeAsync() };
  },
};
