// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from '../linux-error.ts';
import { ipAddressBytes, type IpFamily, parseIpAddress } from './ip-address.ts';

/** The bytes of an address, and what they mean. */
export interface ParsedAddress {
  readonly bytes: Uint8Array;
  readonly family: IpFamily;
}

/**
 * Reads an address that must be one.
 *
 * @param prefixLength - must not be longer than the address
 * @throws LinuxError `invalid_argument`
 */
export function requireIpAddress(text: string, prefixLength = 0): ParsedAddress {
  const bytes = parseIpAddress(text);
  if (bytes === undefined || !isPrefixLength(prefixLength, bytes)) {
    const operand = prefixLength === 0 ? text : `${text}/${prefixLength}`;
    throw new LinuxError({ code: 'invalid_argument', syscall: 'netlink', operand });
  }
  return { bytes, family: bytes.length === ipAddressBytes.ipv4 ? 'ipv4' : 'ipv6' };
}

function isPrefixLength(value: number, address: Uint8Array): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 8 * address.length;
}
