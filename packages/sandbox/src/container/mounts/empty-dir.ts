// SPDX-License-Identifier: Apache-2.0
import { basename, dirname } from 'node:path';

import type { HostFiles } from './host-files.ts';

/**
 * Tells what a volume `emptyDir` of Kubernetes is to be in the guest.
 * @param source on the host, symbolic links resolved
 * @param onDisk where those on disk are to be
 * @param files the host's files
 * @returns the type of its mount; `undefined`: shared as any other directory
 */
export async function emptyDirType(
  source: string,
  onDisk: 'host' | 'guest',
  files: HostFiles,
): Promise<'ephemeral' | 'local' | undefined> {
  if (basename(dirname(source)) !== 'kubernetes.io~empty-dir') return undefined;
  const { kind } = await files.fileSystem(source);
  if (kind === 'tmpfs') return 'ephemeral';
  return kind === 'hugetlbfs' || onDisk === 'guest' ? 'local' : undefined;
}
