// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentPaths } from '../paths/agent-paths.ts';
import type { GuestSystem } from '../system/guest-system.ts';
import type { Mounter } from '../system/mounter.ts';
import { unmountIfMounted } from '../system/unmount-if-mounted.ts';
import type { SharedNamespaces } from './sandbox.ts';

/** Lets go of namespaces that were kept before; nothing there is no error. */
export function releaseSharedNamespaces(namespaces: SharedNamespaces, mounter: Mounter): void {
  for (const path of [namespaces.ipc, namespaces.uts]) unmountIfMounted(mounter, path);
}

/** Makes the ipc and uts namespaces of the sandbox and keeps them by bind mounts. */
export async function createSharedNamespaces(
  components: { readonly paths: AgentPaths; readonly mounter: Mounter; readonly system: GuestSystem },
  hostname: string,
): Promise<SharedNamespaces> {
  const { paths, mounter, system } = components;
  await mkdir(paths.namespacesDir, { recursive: true });
  const namespaces = { ipc: join(paths.namespacesDir, 'ipc'), uts: join(paths.namespacesDir, 'uts') };
  releaseSharedNamespaces(namespaces, mounter);
  system.pinNamespaces(hostname === '' ? namespaces : { ...namespaces, hostname });
  return namespaces;
}
