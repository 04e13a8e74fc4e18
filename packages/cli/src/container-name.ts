// SPDX-License-Identifier: Apache-2.0
import type { AttachedContainer, AttachedSandbox } from '@hako/sandbox';

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
