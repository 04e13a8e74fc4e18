// SPDX-License-Identifier: Apache-2.0

/** Versions of the internet protocol. */
export type IpFamily = 'ipv4' | 'ipv6';

/** Address families of the kernel. Source: <linux/socket.h>. */
export const ipFamilyNumbers = { ipv4: 2, ipv6: 10 } as const satisfies Record<IpFamily, number>;

/** Bytes of an address. */
export const ipAddressBytes = { ipv4: 4, ipv6: 16 } as const satisfies Record<IpFamily, number>;

/** The family with a number of the kernel; undefined for any other protocol. */
export function ipFamilyOf(number: number): IpFamily | undefined {
  if (number === ipFamilyNumbers.ipv4) return 'ipv4';
  return number === ipFamilyNumbers.ipv6 ? 'ipv6' : undefined;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  // A leading zero meant octal once: refused by all who read addresses today.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return Uint8Array.from(parts, Number);
}

/** The 16-bit groups on one side of `::`; an IPv4 address at its end counts as two. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const ipv4 = index === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (ipv4 !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = ipv4;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const [left = '', right, ...rest] = text.split('::');
  // Before `::` there is no place for an IPv4 address.
  if (rest.length > 0 || (right !== undefined && left.includes('.'))) return undefined;
  const head = parseGroups(left);
  const tail = parseGroups(right ?? '');
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/**
 * Reads an address.
 *
 * @returns 4 bytes for IPv4, 16 for IPv6, undefined for anything else, zone names included
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The family of an address by its text; undefined when it is none. */
export function ipFamilyOfText(text: string): IpFamily | undefined {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) return undefined;
  return bytes.length === ipAddressBytes.ipv4 ? 'ipv4' : 'ipv6';
}

/** The longest run of zero groups, the first of several; single zeros are left as they are (RFC 5952). */
function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: -1, length: 1 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** Writes an address of 4 or 16 bytes as RFC 5952 recommends; other bytes as plain hexadecimal digits. */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === ipAddressBytes.ipv4) return bytes.join('.');
  if (bytes.length !== ipAddressBytes.ipv6) return Buffer.from(bytes).toString('hex');
  const groups = Array.from({ length: 8 }, (_, index) => {
    return (bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0);
  });
  const write = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  const zeros = longestZeros(groups);
  if (zeros.start < 0) return write(groups);
  return `${write(groups.slice(0, zeros.start))}::${write(groups.slice(zeros.start + zeros.length))}`;
}
