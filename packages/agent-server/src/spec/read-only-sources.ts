// SPDX-License-Identifier: Apache-2.0
import type { OciMount, OciSpec } from '@hako/protocols';
import { mountOf } from '../system/mount-table.ts';
import type { MountEntry } from '../system/mounter.ts';

function isBind(mount: OciMount): boolean {
  return (
    mount.type === 'bind' || (mount.options ?? []).some((option) => option === 'bind' || option === 'rbind')
  );
}

/**
 * Adds `ro` to bind mounts whose source is on a read-only mount. The kernel would keep that property, but OCI runtimes set
 * the flags of a bind mount anew and so make it writable.
 *
 * @param table - what is mounted in the guest, storages of the container included
 */
export function keepReadOnly(spec: OciSpec, table: readonly MountEntry[]): OciSpec {
  if (spec.mounts === undefined) return spec;
  const mounts = spec.mounts.map((mount) => {
    const isReadOnly = isBind(mount) && mountOf(table, mount.source ?? '')?.readOnly === true;
    return isReadOnly ? { ...mount, options: [...(mount.options ?? []), 'ro'] } : mount;
  });
  return { ...spec, mounts };
}
