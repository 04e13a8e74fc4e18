// SPDX-License-Identifier: Apache-2.0
import { type IpFamily, ipFamilyOfText, type NetworkPrefix, parseHardwareAddress } from '@hako/linux';
import { AgentError } from '../errors/agent-error.ts';

/** Octets of an Ethernet address. */
const macBytes = 6;
/** Bits of an address. */
const addressBits: Record<IpFamily, number> = { ipv4: 32, ipv6: 128 };
/** Bytes of an interface's name, with the NUL at its end. Source: IFNAMSIZ. */
const nameBytes = 16;

/** The error for a value of a request that cannot be used. */
export function invalidValue(what: string, value: string): AgentError {
  return new AgentError('invalid_request', `${what} cannot be used: ${JSON.stringify(value)}`, {
    operand: value,
  });
}

/**
 * Checks an Ethernet address.
 *
 * @returns it in lower case, as the kernel's are compared
 * @throws AgentError `invalid_request`
 */
export function requireMac(text: string): string {
  if (parseHardwareAddress(text)?.length !== macBytes) throw invalidValue('hardware address', text);
  return text.toLowerCase();
}

/**
 * Checks a name for an interface as the kernel does, before anything has been changed for it.
 *
 * @throws AgentError `invalid_request`
 */
export function requireLinkName(name: string): string {
  const isUsable =
    Buffer.byteLength(name) < nameBytes && !/[/:\s\0%]/u.test(name) && name !== '.' && name !== '..';
  if (!isUsable) throw invalidValue('interface name', name);
  return name;
}

/**
 * Tells the family of an address by its text.
 *
 * @throws AgentError `invalid_request` when it is no address
 */
export function requireFamily(what: string, address: string): IpFamily {
  const family = ipFamilyOfText(address);
  if (family === undefined) throw invalidValue(what, address);
  return family;
}

/**
 * Reads an address and the text of its prefix length.
 *
 * @throws AgentError `invalid_request`
 */
export function requirePrefix(what: string, address: string, lengthText: string): NetworkPrefix {
  const length = Number(lengthText);
  const family = requireFamily(what, address);
  if (!/^\d{1,3}$/.test(lengthText) || length > addressBits[family])
    throw invalidValue(`prefix length of ${what}`, lengthText);
  return { address, length };
}

/**
 * Reads `ADDRESS/LENGTH`; without a length the whole address counts.
 *
 * @throws AgentError `invalid_request`
 */
export function parsePrefix(what: string, text: string): NetworkPrefix {
  const [address = '', lengthText, ...rest] = text.split('/');
  if (rest.length > 0) throw invalidValue(what, text);
  if (lengthText !== undefined) return requirePrefix(what, address, lengthText);
  return { address, length: addressBits[requireFamily(what, address)] };
}

/**
 * Checks that a number fits into the bits the kernel has for it.
 *
 * @throws AgentError `invalid_request`
 */
export function requireBits(what: string, value: number | bigint, bits: number): number {
  if (value < 0 || value >= 2 ** bits) throw invalidValue(what, String(value));
  return Number(value);
}
