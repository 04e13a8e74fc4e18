// SPDX-License-Identifier: Apache-2.0
import type { HostFiles } from './host-files.ts';

/**
 * Whether a source of a bind mount means the guest's own: kernel file systems and devices. As upstream has it, a path below
 * `/dev` that cannot be looked at is one of them.
 * @param source as the specification has it
 * @param files the host's files
 */
export async function belongsToGuest(source: string, files: HostFiles): Promise<boolean> {
  if (/^\/(proc|sys)(\/|$)/.test(source) || source === '/dev') return true;
  if (!source.startsWith('/dev/')) return false;
  return files.file(source).then(
    ({ isFile }) => !isFile,
    () => true,
  );
}
