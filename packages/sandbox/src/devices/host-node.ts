// SPDX-License-Identifier: Apache-2.0
import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { deviceNumbers } from '@hako/device-manager';

import { SandboxError } from '../sandbox-error.ts';

/** What a path of the host is. */
export interface HostNode {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  readonly kind: 'block' | 'char' | 'file' | 'other';
  /** Of a device; −1 for anything else. */
  readonly major: number;
  readonly minor: number;
  /** Permissions, and whom it belongs to. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const permissionBits = 0o777;

/**
 * Looks at a path of the host. Error: `invalid_options` when there is nothing.
 * @param what names it in messages
 * @param path the path
 */
export async function readHostNode(what: string, path: string): Promise<HostNode> {
  try {
    const real = await realpath(resolve(path));
    const found = await stat(real);
    const { uid, gid } = found;
    const kind = kindOf(found);
    const isDevice = kind === 'block' || kind === 'char';
    const numbers = isDevice ? deviceNumbers(found.rdev) : { major: -1, minor: 0 };
    return { path: real, kind, ...numbers, mode: found.mode & permissionBits, uid, gid };
  } catch (cause) {
    throw new SandboxError('invalid_options', `${what} ${path} does not exist`, {
      cause,
      remedy: 'correct the path',
    });
  }
}

function kindOf(found: Stats): HostNode['kind'] {
  if (found.isBlockDevice()) return 'block';
  if (found.isCharacterDevice()) return 'char';
  return found.isFile() ? 'file' : 'other';
}
