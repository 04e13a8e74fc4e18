// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';

const ipcKeys = 'msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced'
  .split(' ')
  .map((name) => `kernel.${name}`);

/**
 * Checks kernel parameters: only those of a namespace that containers have. Those of the network are left to the sandbox, whose
 * containers share one. Error: `invalid_options`.
 * @param sysctls values by name
 */
export function checkSysctls(sysctls: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(sysctls)) {
    const isOfContainer =
      key === 'kernel.domainname' || ipcKeys.includes(key) || /^(fs\.mqueue|net)\.[\w./-]+$/.test(key);
    if (isOfContainer && !key.includes('..') && /^[\x20-\x7e]+$/.test(value)) continue;
    throw new SandboxError('invalid_options', `sysctl ${JSON.stringify(`${key}=${value}`)} is not usable`, {
      remedy: 'use net.*, fs.mqueue.*, kernel.domainname or one of the parameters of shared memory',
    });
  }
}
