// SPDX-License-Identifier: Apache-2.0
import type { NumaNode } from '@hako/hypervisor';

import { formatNumberList, parseNumberList } from '../number-list.ts';

/** A NUMA node of the guest, and the CPUs of the host that are near to its memory. */
export interface GuestNode extends NumaNode {
  /** Ascending, at least one. */
  readonly hostCpus: readonly number[];
}

/**
 * Translates a list of memory nodes of the host into those of the guest that stand for them.
 * @param mems the list, as in a container's specification
 * @param hostNodes nodes of the host behind each node of the guest; with fewer than two there is nothing to choose from
 * @returns undefined if the list means nothing in the guest
 */
export function guestMems(
  mems: string | undefined,
  hostNodes: readonly (readonly number[])[] = [],
): string | undefined {
  const wanted = parseNumberList(mems ?? '') ?? [];
  if (hostNodes.length < 2 || wanted.length === 0) return undefined;
  const guest = hostNodes.flatMap((nodes, index) =>
    nodes.some((node) => wanted.includes(node)) ? [index] : [],
  );
  return guest.length === 0 ? undefined : formatNumberList(guest);
}
