// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';

import { guestPaths, type OciHugepageLimit } from '@hako/protocols';

import { SandboxError } from '../../sandbox-error.ts';
import type { HostFiles } from './host-files.ts';
import type { PlannedMount, SourcedMount } from './planned-mount.ts';
import type { PlacedStorage } from './wire-storage.ts';

const units: Readonly<Record<string, number>> = { '': 0, k: 10, m: 20, g: 30 };

/**
 * Huge pages of the guest, which it sets apart for this volume.
 * @param name its name in the sandbox
 * @param pageBytes size of a page
 * @param sizeBytes how much there is of them
 */
export function hugePagesStorage(name: string, pageBytes: number, sizeBytes: bigint): PlacedStorage {
  return {
    driver: 'ephemeral',
    source: 'nodev',
    fstype: 'hugetlbfs',
    mountPoint: `${guestPaths.sandboxEphemeral}${name}`,
    // Both in one option, as the protocol has it.
    options: [`pagesize=${pageBytes},size=${sizeBytes}`],
  };
}

/**
 * Kubernetes' `emptyDir` of huge pages: pages of the size that the source has on the host, as many as the container may use.
 * Error: `invalid_options` when either is not known.
 * @param mount the mount; the name of its source is the volume's
 * @param limits of the container
 * @param files the host's files
 */
export async function planHugePages(
  mount: SourcedMount,
  limits: readonly OciHugepageLimit[],
  files: HostFiles,
): Promise<PlannedMount> {
  const { source } = mount;
  const options = await files.mountOptions(source);
  const text = options?.find((option) => option.startsWith('pagesize='))?.slice('pagesize='.length);
  const pageBytes = parsePageSize(text ?? '');
  if (pageBytes === undefined) {
    throw new SandboxError('invalid_options', `huge pages of ${source} have no known size`, {
      remedy: 'mount them with the option pagesize=',
    });
  }
  const limit = limits.find(({ pageSize }) => parsePageSize(pageSize) === pageBytes)?.limit;
  if (limit === undefined) {
    throw new SandboxError('invalid_options', `huge pages of ${source} have no limit`, {
      remedy: `give the container a limit for pages of ${pageBytes} bytes`,
    });
  }
  const storage = hugePagesStorage(basename(source), pageBytes, BigInt(limit));
  return { kind: 'hugepages', storage, mount: { ...mount, type: 'bind', source: storage.mountPoint } };
}

/**
 * Reads a page size such as `2M`, `2MB` or `1GB`: units are powers of 1024 however they are written.
 * @param text the size
 * @returns bytes; `undefined` when it is none
 */
export function parsePageSize(text: string): number | undefined {
  const match = /^(\d{1,6})([kmg]?)(?:i?b)?$/i.exec(text);
  const shift = units[match?.[2]?.toLowerCase() ?? ''];
  const bytes = match === null || shift === undefined ? 0 : Number(match[1]) * 2 ** shift;
  return bytes > 0 ? bytes : undefined;
}
