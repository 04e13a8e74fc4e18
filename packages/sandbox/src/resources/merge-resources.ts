// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';

/**
 * Puts some limits over others: each that is given replaces the one before, number by number.
 * @param below the limits so far
 * @param above those that win
 */
export function mergeResources(below: OciResources, above: OciResources): OciResources {
  const merged: OciResources = { ...below, ...withoutAbsent(above) };
  if (below.cpu !== undefined && above.cpu !== undefined)
    merged.cpu = { ...below.cpu, ...withoutAbsent(above.cpu) };
  if (below.memory !== undefined && above.memory !== undefined)
    merged.memory = { ...below.memory, ...withoutAbsent(above.memory) };
  return merged;
}

/** An absent value does not hide the one below it. */
function withoutAbsent<Part extends object>(part: Part): Partial<Part> {
  const copy: Partial<Part> = { ...part };
  for (const [name, value] of Object.entries(part))
    if (value === undefined) Reflect.deleteProperty(copy, name);
  return copy;
}
