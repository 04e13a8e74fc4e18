// SPDX-License-Identifier: Apache-2.0
import type { AgentEndpoint } from '../agent-endpoint.ts';
import type { ContainerRecord } from '../container/container-record.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { SandboxResources } from '../sandbox.ts';

/** A guest that runs already, started by a process that is dead. */
export interface AdoptedGuest {
  readonly endpoint: AgentEndpoint;
  readonly containers: readonly ContainerRecord[];
}

/**
 * Throws `invalid_state` unless a sandbox survives its owner.
 * @param resources what it is made of
 */
export function expectSurvival({ config, ledger }: Pick<SandboxResources, 'config' | 'ledger'>): void {
  if (ledger !== undefined) return;
  throw new SandboxError('invalid_state', `release: sandbox ${config.id} ends with its owner`, {
    remedy: 'make it with `onOwnerExit: "keep"`',
  });
}

/**
 * Lets go of everything of a sandbox that goes on; its run directory comes last: then others may take it over.
 * @param resources what it is made of
 */
export async function letGo({
  vm,
  share,
  runDirectory,
}: Pick<SandboxResources, 'vm' | 'share' | 'runDirectory'>): Promise<void> {
  await vm.release();
  await share.release?.();
  await runDirectory.disown();
}
