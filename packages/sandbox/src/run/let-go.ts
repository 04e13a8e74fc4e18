// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';
import type { SandboxResources } from '../sandbox.ts';

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
  network,
  runDirectory,
}: Pick<SandboxResources, 'vm' | 'share' | 'network' | 'runDirectory'>): Promise<void> {
  await vm.release();
  network.release?.();
  await share.release?.();
  await runDirectory.disown();
}
