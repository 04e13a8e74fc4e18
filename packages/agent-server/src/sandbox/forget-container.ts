// SPDX-License-Identifier: Apache-2.0
import type { Container } from '../container/container.ts';
import { releasePidNamespace } from './pid-namespace.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Forgets a destroyed container: it holds no storages, streams or name any more.
 *
 * @throws AgentError `storage_failed`; the container is forgotten all the same
 */
export async function forgetContainer(sandbox: Sandbox, container: Container): Promise<void> {
  sandbox.containers.remove(container);
  container.closeStreams();
  releasePidNamespace(sandbox, container);
  await sandbox.storages.release(container.storages);
}
