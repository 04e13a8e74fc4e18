// SPDX-License-Identifier: Apache-2.0

/** Longest tags in bytes: virtio specification 1.2, section 5.11.4; `MAX_TAG_LEN` of QEMU, without its NUL. */
export const maximumTagBytes = { 'virtio-fs': 36, '9p': 31 } as const;

/** Whether a text is what a guest can mount a directory by. */
export function isMountTag(kind: keyof typeof maximumTagBytes, tag: string): boolean {
  return /^[\x21-\x7e]+$/.test(tag) && tag.length <= maximumTagBytes[kind];
}
