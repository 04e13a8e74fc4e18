// SPDX-License-Identifier: Apache-2.0
import type { OciMemory, OciResources, OciSpec } from '@hako/protocols';

import { SandboxError } from '../../sandbox-error.ts';
import { isWholeNumber } from '../../whole-number.ts';

/** Annotations by which a container asks for swap, as Kata has them. A swap of -1 is any. */
const swapAnnotations = [
  { key: 'swappiness', name: 'io.katacontainers.container.resource.swappiness', least: 0, most: 200 },
  {
    key: 'swap',
    name: 'io.katacontainers.container.resource.swap_in_bytes',
    least: -1,
    most: Number.MAX_SAFE_INTEGER,
  },
] as const;

/**
 * The limits of a specification, with what its annotations say about swap in place of its own words. Error: `invalid_options`
 * for an annotation that is out of range, or a sum of memory and swap below the memory.
 * @param spec the container's
 */
export function annotatedResources({ annotations = {}, linux }: OciSpec): OciResources | undefined {
  const said: OciMemory = {};
  for (const { key, name, least, most } of swapAnnotations) {
    const text = annotations[name];
    if (text === undefined) continue;
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!isWholeNumber(value, least, most))
      throw notPossible(name, text, `give a whole number from ${least} to ${most}`);
    said[key] = value;
  }
  if (Object.keys(said).length === 0) return linux?.resources;
  const memory = { ...linux?.resources?.memory, ...said };
  if (Number(said.swap ?? 0) > 0 && Number(said.swap) < Number(memory.limit ?? 0))
    throw notPossible(
      swapAnnotations[1].name,
      String(said.swap),
      'it includes the memory: give at least as much',
    );
  return { ...linux?.resources, memory };
}

function notPossible(annotation: string, text: string, remedy: string): SandboxError {
  return new SandboxError('invalid_options', `annotation ${annotation} says ${JSON.stringify(text)}`, {
    remedy,
  });
}
