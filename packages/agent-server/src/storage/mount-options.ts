// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { MountFlag } from '../system/mounter.ts';

/** Words that set flags of mount(2). */
const setting: ReadonlyMap<string, readonly MountFlag[]> = new Map<string, readonly MountFlag[]>([
  ['sync', ['sync']],
  ['dirsync', ['dirsync']],
  ['noatime', ['noatime']],
  ['nodiratime', ['nodiratime']],
  ['relatime', ['relatime']],
  ['strictatime', ['strictatime']],
  ['mand', ['mand']],
  ['nodev', ['nodev']],
  ['noexec', ['noexec']],
  ['nosuid', ['nosuid']],
  ['ro', ['ro']],
  ['silent', ['silent']],
  ['remount', ['remount']],
  ['bind', ['bind']],
  ['rbind', ['bind', 'rec']],
  ['private', ['private']],
  ['rprivate', ['private', 'rec']],
  ['shared', ['shared']],
  ['rshared', ['shared', 'rec']],
  ['slave', ['slave']],
  ['rslave', ['slave', 'rec']],
  ['unbindable', ['unbindable']],
  ['runbindable', ['unbindable', 'rec']],
]);

/** Words that take a flag back, or are the default anyway. `iversion` is left to the file system by newer kernels. */
const clearing: ReadonlyMap<string, readonly MountFlag[]> = new Map<string, readonly MountFlag[]>([
  ['defaults', []],
  ['async', ['sync']],
  ['atime', ['noatime']],
  ['diratime', ['nodiratime']],
  ['norelatime', ['relatime']],
  ['nostrictatime', ['strictatime']],
  ['iversion', []],
  ['noiversion', []],
  ['nomand', ['mand']],
  ['dev', ['nodev']],
  ['exec', ['noexec']],
  ['suid', ['nosuid']],
  ['rw', ['ro']],
  ['loud', ['silent']],
]);

/** The kernel takes at most one page of data, terminator included. */
const maxDataBytes = 4095;

/** Options in the form of mount(2). */
export interface ParsedMountOptions {
  readonly flags: readonly MountFlag[];
  /** What the file system itself reads, joined by commas; empty when there is nothing. */
  readonly data: string;
}

/**
 * Splits options into flags and data. Later words win over earlier ones. Source: mount(8), section "Filesystem-independent
 * mount options".
 *
 * @throws AgentError `storage_failed` for `loop`, which needs a device, and for more than a page of data
 */
export function parseMountOptions(options: readonly string[]): ParsedMountOptions {
  const flags = new Set<MountFlag>();
  const data: string[] = [];
  for (const option of options) {
    if (option === '') continue;
    if (option === 'loop') throw new AgentError('storage_failed', 'mount option loop is not supported');
    const added = setting.get(option);
    const removed = clearing.get(option);
    if (added === undefined && removed === undefined) data.push(option);
    for (const flag of added ?? []) flags.add(flag);
    for (const flag of removed ?? []) flags.delete(flag);
  }
  const joined = data.join(',');
  if (Buffer.byteLength(joined) > maxDataBytes) {
    throw new AgentError('storage_failed', `mount options are longer than ${maxDataBytes} bytes`);
  }
  return { flags: [...flags], data: joined };
}
