// SPDX-License-Identifier: Apache-2.0
import type { OciMount } from '@hako/protocols';

/**
 * Puts mounts into a list that is carried out from first to last: each before what lies below it, which it would hide.
 * @param mounts the list
 * @param added what to put in
 */
export function insertMounts(mounts: readonly OciMount[], added: readonly OciMount[]): OciMount[] {
  const result = [...mounts];
  for (const mount of added) {
    const base = mount.destination.endsWith('/') ? mount.destination : `${mount.destination}/`;
    const below = result.findIndex(({ destination }) => destination.startsWith(base));
    result.splice(below === -1 ? result.length : below, 0, mount);
  }
  return result;
}
