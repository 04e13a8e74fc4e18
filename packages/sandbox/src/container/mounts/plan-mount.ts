// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, resolve } from 'node:path';

import type { OciMount } from '@hako/protocols';

import { SandboxError } from '../../sandbox-error.ts';
import { isBind } from './bind-mount.ts';
import { emptyDirType } from './empty-dir.ts';
import { planEphemeral } from './ephemeral-mount.ts';
import { belongsToGuest } from './guest-mount.ts';
import { planHugePages } from './huge-pages-mount.ts';
import { planLocal } from './local-mount.ts';
import { mountName } from './mount-name.ts';
import type { MountSurroundings, PlannedMount, SourcedMount } from './planned-mount.ts';
import { planShared } from './shared-mount.ts';
import { planShm, shmDestination } from './shm-mount.ts';
import { isWatchable, planWatchable } from './watchable-mount.ts';

/** Marks a layer of the root file system, which is no mount of the container. */
const layerOption = 'io.katacontainers.fs-opt.is-layer';

/**
 * Decides how a mount of a specification reaches the container; changes nothing.
 * Errors: `invalid_options` for a source that is not there, and for huge pages without size or limit.
 * @param mount as the specification has it
 * @param index its place among the container's mounts
 * @param around what it is planned in
 */
export async function planMount(
  mount: OciMount,
  index: number,
  around: MountSurroundings,
): Promise<PlannedMount> {
  const { destination, type, options = [] } = mount;
  if (options.includes(layerOption)) return { kind: 'ignored' };
  if (destination === shmDestination && type !== 'ephemeral') return planShm(around.hasShm);
  const isSpecial = type === 'ephemeral' || type === 'local';
  if (mount.source === undefined || !(isSpecial || isBind(mount))) return { kind: 'guest', mount };
  if (!isSpecial && (await belongsToGuest(mount.source, around.files))) return { kind: 'guest', mount };

  const source = await findSource(mount.source, around);
  const sourced: SourcedMount = { ...mount, source, options };
  const { files } = around;
  const isTyped = isSpecial || around.isSandboxContainer;
  const wanted = isTyped ? type : await emptyDirType(source, around.emptyDirs, files);
  if (wanted === 'ephemeral') return planEphemeral(sourced, (await files.file(source)).groupId);
  if (wanted === 'local') {
    const { kind } = await files.fileSystem(source);
    if (kind === 'hugetlbfs') return planHugePages(sourced, around.hugepageLimits, files);
    return planLocal(sourced, (await files.file(source)).groupId);
  }
  return planSource({ ...sourced, type: 'bind' }, index, around);
}

/** What is neither the guest's nor a directory in it: files of the host. */
async function planSource(
  mount: SourcedMount,
  index: number,
  around: MountSurroundings,
): Promise<PlannedMount> {
  const { containerId, files } = around;
  const name = mountName(containerId, mount.destination, index);
  if (around.copiesFiles) {
    const { isFile, isDirectory } = await files.file(mount.source);
    return isFile || isDirectory ? planShared(mount, name) : { kind: 'ignored' };
  }
  return (await isWatchable(mount.source, files)) ? planWatchable(mount, name) : planShared(mount, name);
}

async function findSource(source: string, { bundle, files }: MountSurroundings): Promise<string> {
  if (!isAbsolute(source) && bundle === undefined)
    throw new SandboxError('invalid_options', `mount source ${source} is not absolute`);
  try {
    return await files.resolve(resolve(bundle ?? '/', source));
  } catch (cause) {
    throw new SandboxError('invalid_options', `mount source ${source} does not exist`, {
      cause,
      remedy: 'create it first or correct the path',
    });
  }
}
