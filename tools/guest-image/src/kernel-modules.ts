// SPDX-License-Identifier: Apache-2.0
import { GuestImageError } from './guest-image-error.ts';

/**
 * Modules without which the root image cannot be mounted and the agent cannot be heard, in the order of loading; then those
 * of every container's file systems, which the kernel would otherwise fetch through a process per module.
 */
export const bootModules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  // The one bus of small machine types.
  'virtio_mmio',
  'virtio_blk',
  // Of the full kernel: what libcrc32c finds by name, so that no list of dependencies has it.
  'crc32c_generic',
  'libcrc32c',
  'erofs',
  'virtio_console',
  'fuse',
  'virtiofs',
  'overlay',
] as const;

/**
 * Modules that go into the root image by name; what they depend on follows. Names the kernel has built in, or has not at
 * all, are fine.
 */
const imageModules = [
  ...bootModules,
  '9p',
  '9pnet_virtio',
  'crc32c-intel',
  'dax_pmem',
  'device_dax',
  'dm-verity',
  'dummy',
  'ext4',
  'fuse',
  'ipvlan',
  'isofs',
  'loop',
  'macvlan',
  'macvtap',
  'nd_btt',
  'nd_pmem',
  'nfit',
  'overlay',
  'pvpanic-mmio',
  'sd_mod',
  'squashfs',
  'tap',
  'tun',
  'veth',
  'vfat',
  'vfio-pci',
  'virtio-rng',
  'virtio_balloon',
  'virtio_mem',
  'virtio_net',
  'virtio_pmem',
  'virtio_scsi',
  'virtiofs',
  'vmw_vsock_virtio_transport',
  'vsock_diag',
  'vsock_loopback',
  'xfs',
  'zram',
] as const;

/** Folders of modules that go in as a whole: the packet filter, whose rules name their matches at run time. */
const imageModuleFolders = [
  'kernel/net/bridge/',
  'kernel/net/ipv4/netfilter/',
  'kernel/net/ipv6/netfilter/',
  'kernel/net/netfilter/',
] as const;

/** Paths below `/lib/modules/RELEASE`, each with the paths it depends on: the content of `modules.dep`. */
export type ModuleDependencies = ReadonlyMap<string, readonly string[]>;

/** Reads the text of `modules.dep`, modules.dep(5). */
export function parseModuleDependencies(text: string): ModuleDependencies {
  const dependencies = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [path, rest] = line.split(':', 2);
    if (path === undefined || rest === undefined) continue;
    dependencies.set(path, rest.split(' ').filter(Boolean));
  }
  return dependencies;
}

/** The name under which a module is loaded: `kernel/fs/fuse/fuse.ko.xz` is `fuse`; dashes and underscores are one. */
export function moduleName(path: string): string {
  const file = path.split('/').at(-1) ?? '';
  return file.replace(/\.ko(\.(xz|zst|gz))?$/, '').replaceAll('-', '_');
}

/** Paths of the modules the root image carries, with all they depend on, sorted. */
export function selectImageModules(dependencies: ModuleDependencies): string[] {
  const wanted = new Set<string>(imageModules.map((name) => name.replaceAll('-', '_')));
  const selected = new Set<string>();
  const select = (path: string): void => {
    if (selected.has(path)) return;
    selected.add(path);
    dependencies.get(path)?.forEach(select);
  };
  for (const path of dependencies.keys()) {
    if (wanted.has(moduleName(path)) || imageModuleFolders.some((folder) => path.startsWith(folder)))
      select(path);
  }
  return [...selected].sort();
}

/**
 * Paths of the modules the initramfs loads, in order. A name the kernel has built in is left out.
 *
 * Errors: `kernel_unusable` when a module needs one that comes later or is not in the list.
 */
export function selectBootModules(dependencies: ModuleDependencies): string[] {
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const selected: string[] = [];
  for (const name of bootModules) {
    const path = byName.get(name);
    if (path === undefined) continue;
    const missing = dependencies.get(path)?.find((dependency) => !selected.includes(dependency));
    if (missing !== undefined) {
      throw new GuestImageError(
        'kernel_unusable',
        `boot module ${name} needs ${moduleName(missing)} before it`,
      );
    }
    selected.push(path);
  }
  return selected;
}
