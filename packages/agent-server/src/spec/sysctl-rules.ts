// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

const ipcKeys = new Set(
  ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(
    (name) => `kernel.${name}`,
  ),
);

function refuse(key: string, reason: string): never {
  throw new AgentError('invalid_spec', `sysctl ${JSON.stringify(key)} ${reason}`, { operand: key });
}

/**
 * Lets pass only kernel parameters that belong to a namespace of the container.
 *
 * @param namespaces - types of the container's namespaces
 * @throws AgentError `invalid_spec`
 */
export function checkSysctls(
  sysctls: Readonly<Record<string, string>>,
  namespaces: ReadonlySet<string>,
): void {
  for (const key of Object.keys(sysctls)) {
    if (key.startsWith('net.')) continue;
    if (ipcKeys.has(key) || key.startsWith('fs.mqueue.')) {
      if (!namespaces.has('ipc')) refuse(key, 'needs an ipc namespace');
    } else if (key === 'kernel.domainname') {
      if (!namespaces.has('uts')) refuse(key, 'needs a uts namespace');
    } else refuse(key, 'is not one of a container');
  }
}
