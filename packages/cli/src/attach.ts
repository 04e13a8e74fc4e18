// SPDX-License-Identifier: Apache-2.0
import { attachSandbox, findSandbox, type AttachedSandbox, type SandboxListing } from '@hako/sandbox';

import type { CliComponents } from './cli-components.ts';

/**
 * Attaches to a sandbox that another process owns, with the program's own parts. One whose owner is dead gets a new owner
 * first, a process of its own. Errors: those of `attachSandbox`.
 * @param id the sandbox, or the unique beginning of its name
 * @param components the program's world
 * @param signal ends the attempt
 */
export async function attachTo(
  id: string,
  components: Pick<CliComponents, 'env' | 'sandbox' | 'self'>,
  signal?: AbortSignal,
): Promise<AttachedSandbox> {
  const { connectAgent, joinFileShare } = components.sandbox;
  return attachSandbox(await adoptIfOrphaned(id, components, signal), {
    ...(signal === undefined ? {} : { signal }),
    ...(connectAgent === undefined ? {} : { connectAgent }),
    ...(joinFileShare === undefined ? {} : { joinFileShare }),
  });
}

/**
 * Finds a sandbox, and gives one whose owner is dead a new one, a process of its own. That it fails shows in what is done
 * next. Error: `sandbox_not_found`.
 * @param id the sandbox, or the unique beginning of its name
 * @param components the program's world
 * @param signal ends the attempt
 */
export async function adoptIfOrphaned(
  id: string,
  components: Pick<CliComponents, 'env' | 'self'>,
  signal?: AbortSignal,
): Promise<SandboxListing> {
  const found = await findSandbox(id);
  if (found.status !== 'orphaned') return found;
  const { startOrphanOwner } = await import('./start-owner.ts');
  await startOrphanOwner(found.id, components, signal);
  return findSandbox(found.id);
}
