// SPDX-License-Identifier: Apache-2.0
import { attachSandbox, findSandbox, type AttachedContainer, type AttachedSandbox } from '@hako/sandbox';

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
  await adoptIfOrphaned(id, components, signal);
  return attachSandbox(id, {
    ...(signal === undefined ? {} : { signal }),
    ...(connectAgent === undefined ? {} : { connectAgent }),
    ...(joinFileShare === undefined ? {} : { joinFileShare }),
  });
}

/**
 * Gives a sandbox whose owner is dead a new one, a process of its own. That it fails shows in what is done next.
 * @param id the sandbox, or the unique beginning of its name
 * @param components the program's world
 * @param signal ends the attempt
 */
export async function adoptIfOrphaned(
  id: string,
  components: Pick<CliComponents, 'env' | 'self'>,
  signal?: AbortSignal,
): Promise<void> {
  const found = await findSandbox(id);
  if (found.status !== 'orphaned') return;
  const { startOwner } = await import('./start-owner.ts');
  const { orphanOwnerCommand } = await import('./commands/own-orphan.ts');
  await startOwner([orphanOwnerCommand, found.id], components, signal);
}

/** What a word such as `SANDBOX` or `SANDBOX/CONTAINER` names. */
export interface Target {
  readonly sandbox: string;
  readonly container?: string;
}

/**
 * Takes a word apart; neither name can have a slash.
 * @param word `SANDBOX` or `SANDBOX/CONTAINER`
 */
export function parseTarget(word: string): Target {
  const [sandbox = '', ...rest] = word.split('/');
  return rest.length === 0 ? { sandbox } : { sandbox, container: rest.join('/') };
}

/** A container that a word names. */
export interface NamedContainer {
  /** How it is written: the first one by its sandbox's name alone. */
  readonly name: string;
  readonly container: Omit<AttachedContainer, 'id'>;
}

/**
 * Finds the container that a word names, else the first one. Error: `container_not_found`.
 * @param sandbox where
 * @param target the word
 */
export async function containerOf(sandbox: AttachedSandbox, target: Target): Promise<NamedContainer> {
  if (target.container === undefined) return { name: sandbox.record.id, container: sandbox };
  const container = await sandbox.container(target.container);
  return { name: nameOf(sandbox, container.id), container };
}

/**
 * How a container is written: the first one by its sandbox's name alone.
 * @param sandbox its sandbox
 * @param containerId the container
 */
export function nameOf({ record }: Pick<AttachedSandbox, 'record'>, containerId: string): string {
  return containerId === record.containerId ? record.id : `${record.id}/${containerId}`;
}
