// SPDX-License-Identifier: Apache-2.0

const maxBytes = 32; // MAX_ADDR_LEN

/** Reads a link's address, such as `02:00:00:00:00:01`; undefined for anything else. */
export function parseHardwareAddress(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(text)) return undefined;
  const bytes = Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));
  return bytes.length <= maxBytes ? bytes : undefined;
}

/** Writes a link's address in lower case with colons; nothing for a link without one. */
export function formatHardwareAddress(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}
