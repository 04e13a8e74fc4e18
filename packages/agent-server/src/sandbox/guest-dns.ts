// SPDX-License-Identifier: Apache-2.0
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import { mountAt } from '../system/mount-table.ts';
import type { Mounter } from '../system/mounter.ts';

/**
 * Gives the guest its name servers: the lines go to a file that is bound over `/etc/resolv.conf`, which is on a read-only
 * file system. Nothing happens without lines or without that file.
 *
 * @throws AgentError `system_failed` when the target is a directory
 */
export async function setGuestDns(lines: readonly string[], paths: AgentPaths, mounter: Mounter): Promise<void> {
  if (lines.length === 0) return;
  try {
    if ((await stat(paths.resolvConf)).isDirectory()) {
      throw new AgentError('system_failed', `${paths.resolvConf} is a directory`, { operand: paths.resolvConf });
    }
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return;
    throw error;
  }
  await mkdir(dirname(paths.sandboxResolvConf), { recursive: true });
  await writeFile(paths.sandboxResolvConf, lines.map((line) => line.trim()).join('\n'));
  if (mountAt(await mounter.list(), paths.resolvConf) !== undefined) mounter.unmount(paths.resolvConf, { detach: true });
  mounter.mount({ source: paths.sandboxResolvConf, target: paths.resolvConf, flags: ['bind'] });
}
