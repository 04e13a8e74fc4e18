// SPDX-License-Identifier: Apache-2.0

/** Option by which a mount of a bundle says that its source is a file that holds a disk; its type is then the file system. */
export const blockFileOption = 'io.katacontainers.fs-opt.block_device=file';
