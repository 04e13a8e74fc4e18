// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../../sandbox-error.ts';
import { parseNumberList } from '../number-list.ts';

/** NUMA nodes of the guest: which CPUs and which memory are near to each other, as on the host. */
export interface NumaOptions {
  /**
   * For each node of the guest the nodes of the host whose CPUs and memory it stands for, such as `['0', '1']` or
   * `['0-1', '2-3']`. Default: the first node of the host if the smallest could hold the machine, else a node for each that has
   * CPUs.
   */
  readonly mapping?: readonly string[];
}

/** `MAX_NODES` of QEMU. */
const mostNodes = 128;

/**
 * Checks what is said of NUMA nodes; the host is not looked at. Error: `invalid_options`.
 * @param options as the caller gave them
 * @param sandbox what does not go with every machine or boot
 */
export function checkNuma(
  { mapping }: NumaOptions,
  { machine, template }: { readonly machine?: string; readonly template?: string },
): void {
  if (machine === 'microvm') throw impossible('a microvm has no NUMA nodes', 'use machine type q35');
  if (template === 'always')
    throw impossible('a machine with NUMA nodes does not start from a template', 'leave one of the two out');
  if (mapping === undefined) return;
  if (mapping.length === 0 || mapping.length > mostNodes)
    throw impossible(`${mapping.length} NUMA nodes are not possible`, `map 1 to ${mostNodes}`);
  const malformed = mapping.find((nodes) => (parseNumberList(nodes) ?? []).length === 0);
  if (malformed !== undefined)
    throw impossible(`${JSON.stringify(malformed)} names no nodes of the host`, 'write 0, 0-1 or 0,2');
}

/**
 * The error for NUMA nodes that cannot be.
 * @param message what is wrong
 * @param remedy what to do about it
 */
export function impossible(message: string, remedy: string): SandboxError {
  return new SandboxError('invalid_options', message, { remedy });
}
