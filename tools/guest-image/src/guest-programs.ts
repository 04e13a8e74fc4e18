// SPDX-License-Identifier: Apache-2.0

/** A program of the build host that goes into the guest's `/usr/bin`. */
export interface GuestProgram {
  readonly name: string;
  /** Where it may lie on the build host. */
  readonly candidates: readonly string[];
  /** Names under which it does different work. */
  readonly links?: readonly string[];
}

const inSbin = (name: string): readonly string[] => [`/usr/sbin/${name}`, `/sbin/${name}`];

/** What the agent calls, besides busybox. The `mkfs` are for whoever formats a volume in the guest. */
export const guestPrograms: readonly GuestProgram[] = [
  { name: 'crun', candidates: ['/usr/bin/crun'] },
  { name: 'ip', candidates: [...inSbin('ip'), '/usr/bin/ip'] },
  {
    name: 'xtables-nft-multi',
    candidates: inSbin('xtables-nft-multi'),
    links: ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]),
  },
  { name: 'e2fsck', candidates: inSbin('e2fsck'), links: ['fsck.ext4'] },
  { name: 'mke2fs', candidates: inSbin('mke2fs'), links: ['mkfs.ext4'] },
  { name: 'resize2fs', candidates: inSbin('resize2fs') },
  { name: 'mkfs.xfs', candidates: inSbin('mkfs.xfs') },
  { name: 'xfs_growfs', candidates: inSbin('xfs_growfs') },
];

/** Further files of the build host, which keep their places. */
export const hostFiles = ['/etc/mke2fs.conf'] as const;

/** Matches and targets of the packet filter; those of Ethernet bridges and ARP are left out. */
export const filterPlugins = {
  directory: '/usr/lib/x86_64-linux-gnu/xtables',
  pattern: /^lib(ip6?t|xt)_.*\.so$/,
} as const;
