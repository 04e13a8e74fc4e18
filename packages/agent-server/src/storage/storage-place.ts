// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, rmdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoName } from '../errors/describe-error.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import { pathBelow } from '../paths/path-below.ts';
import type { GuestSystem, RootFiles } from '../system/guest-system.ts';

const directoryMode = 0o755;
const fileMode = 0o644;

/** Where a storage may be: somewhere below a directory of the agent. */
export interface StoragePlace {
  /** The directory no link may lead out of. */
  readonly root: string;
  /** The rest of the path. */
  readonly below: string;
}

/** What opens places. */
export interface PlaceTools {
  readonly paths: AgentPaths;
  readonly system: GuestSystem;
}

/**
 * Sorts a path of a storage: hosts put all of them below `/run/kata-containers`, and hosts without root below
 * `/run/user/<uid>/run/kata-containers`.
 *
 * @throws AgentError `path_refused`
 */
export function storagePlace({ kataDir }: AgentPaths, path: string): StoragePlace {
  const runDir = dirname(kataDir);
  const user = /^\/user\/\d{1,10}\/run\/kata-containers(?=\/)/.exec(
    path.startsWith(runDir) ? path.slice(runDir.length) : '',
  );
  const root = user === null ? kataDir : `${runDir}${user[0]}`;
  return { root, below: pathBelow(root, path) };
}

/** Opens the directory of a place, which is made when missing. */
async function openPlace(system: GuestSystem, { root }: StoragePlace): Promise<RootFiles> {
  await mkdir(root, { recursive: true, mode: directoryMode });
  return system.openRoot(root);
}

/**
 * Makes a directory with all its parents; one that is there is left as it is.
 *
 * @throws AgentError `path_refused`; EXDEV for a link that leads out
 */
export async function makeStorageDirectory(
  { paths, system }: PlaceTools,
  path: string,
): Promise<StoragePlace> {
  const place = storagePlace(paths, path);
  using files = await openPlace(system, place);
  files.makeDirectories(place.below, directoryMode);
  return place;
}

/** Makes an empty file for a file to be bound onto, with its parents; one that is there is left as it is. */
export async function makeStorageFile({ paths, system }: PlaceTools, path: string): Promise<StoragePlace> {
  const place = storagePlace(paths, path);
  using files = await openPlace(system, place);
  files.makeDirectories(dirname(place.below), directoryMode);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    closeSync(files.open(place.below, { flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: fileMode }));
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error;
  }
  return place;
}

/**
 * Gives the directory at a place, or what is mounted there, a mode and a group. Nothing changes without either.
 *
 * @param setting - a group adds the set-group-id bit
 */
export function setOwnership(
  { system }: Pick<PlaceTools, 'system'>,
  { root, below }: StoragePlace,
  setting: { readonly mode: number | undefined; readonly groupId: number | undefined },
): void {
  const { mode, groupId } = setting;
  if (mode === undefined && groupId === undefined) return;
  using files = system.openRoot(root);
  const setGroupId = groupId === undefined ? 0 : 0o2000;
  const present = files.status(below);
  // Changing the owner clears the set-group-id bit, so the mode comes last.
  if (groupId !== undefined) files.changeOwner(below, -1, groupId);
  files.changeMode(below, (mode ?? present?.mode ?? directoryMode) | setGroupId);
}

/** A path of a place again, without anything superfluous in it. */
export function placePath({ root, below }: StoragePlace): string {
  return join(root, below);
}

/**
 * Removes the empty directory at a place.
 *
 * @throws ENOTEMPTY, ENOTDIR, ENOENT
 */
export function removeStorageDirectory({ system }: Pick<PlaceTools, 'system'>, place: StoragePlace): void {
  using files = system.openRoot(place.root);
  const fd = files.open(dirname(place.below), { flags: constants.O_RDONLY | constants.O_DIRECTORY });
  try {
    rmdirSync(`/proc/self/fd/${fd}/${basename(place.below)}`);
  } finally {
    closeSync(fd);
  }
}
