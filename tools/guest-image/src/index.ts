// SPDX-License-Identifier: Apache-2.0
export { buildGuestAssets } from './build-guest-assets.ts';
export type { BuildOptions } from './build-guest-assets.ts';
export { encodeCpio } from './cpio-archive.ts';
export { FileTreeBuilder } from './file-tree.ts';
export type { FileTree, FileTreeEntry } from './file-tree.ts';
export { GuestImageError } from './guest-image-error.ts';
export type { GuestImageErrorCode } from './guest-image-error.ts';
export { readGuestAssets } from './manifest.ts';
export type { GuestAssets, Manifest } from './manifest.ts';
export { buildPowerOffInitramfs } from './power-off-initramfs.ts';
