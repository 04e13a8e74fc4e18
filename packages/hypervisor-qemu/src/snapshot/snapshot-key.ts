// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import type { VmConfig } from '@hako/hypervisor';

/** Raised when snapshots of an older driver can no longer be used. */
const formatVersion = 1;

/** Digest of the command line and of the identity of the files behind it. */
export async function snapshotKey(
  config: VmConfig,
  commandLine: readonly string[],
  qemuPath: string,
): Promise<string> {
  const files = [qemuPath, config.kernelPath, config.initrdPath, config.rootImage?.path];
  const identities = await Promise.all(files.filter((path) => path !== undefined).map(identityOf));
  return createHash('sha256')
    .update(JSON.stringify([formatVersion, commandLine, identities]))
    .digest('hex');
}

/** Guest memory holds parts of these files, so a changed one is another one, whatever its name. */
async function identityOf(path: string): Promise<readonly (string | number)[]> {
  const { dev, ino, size, mtimeMs } = await stat(path);
  return [await realpath(path), dev, ino, size, mtimeMs];
}
