// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';
import type { SandboxResources } from '../sandbox-resources.ts';

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
 * Lets go of everything of a sandbox that goes on; its run directory comes last: then others may take it over. What fails does
 * not keep this process from letting go of the rest; the first failure is thrown.
 * @param resources what it is made of
 */
export async function letGo({
  vm,
  share,
  network,
  runDirectory,
}: Pick<SandboxResources, 'vm' | 'share' | 'network' | 'runDirectory'>): Promise<void> {
  const parts = [
    () => vm.release(),
    () => network.release?.(),
    () => share.release?.(),
    () => runDirectory.disown(),
  ];
  const failures: unknown[] = [];
  for (const release of parts) {
    try {
      await release();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
