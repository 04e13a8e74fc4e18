// SPDX-License-Identifier: Apache-2.0
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import type { Mounter } from '../system/mounter.ts';
import type { Sandbox } from './sandbox.ts';

/** What name servers are set with. */
export interface DnsComponents {
  readonly paths: AgentPaths;
  readonly mounter: Mounter;
}

/**
 * Gives the guest its name servers: the lines go to a file that is bound over `/etc/resolv.conf`, which is on a read-only
 * file system. Nothing happens without lines or without that file.
 *
 * @throws AgentError `system_failed` when the target is a directory
 */
export async function setGuestDns(
  sandbox: Sandbox,
  lines: readonly string[],
  components: DnsComponents,
): Promise<void> {
  const { paths, mounter } = components;
  if (lines.length === 0) return;
  try {
    if ((await stat(paths.resolvConf)).isDirectory()) {
      throw new AgentError('system_failed', `${paths.resolvConf} is a directory`, {
        operand: paths.resolvConf,
      });
    }
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return;
    throw error;
  }
  await mkdir(dirname(paths.sandboxResolvConf), { recursive: true });
  await writeFile(paths.sandboxResolvConf, lines.map((line) => line.trim()).join('\n'));
  resetGuestDns(sandbox, components);
  mounter.mount({ source: paths.sandboxResolvConf, target: paths.resolvConf, flags: ['bind'] });
  sandbox.hasOwnDns = true;
}

/** Uncovers `/etc/resolv.conf` again. */
export function resetGuestDns(sandbox: Sandbox, { paths, mounter }: DnsComponents): void {
  if (sandbox.hasOwnDns) mounter.unmount(paths.resolvConf, { detach: true });
  sandbox.hasOwnDns = false;
}
