// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from '../linux-error.ts';
import {
  type Attribute,
  decodeAttributes,
  encodeAttributes,
  encodeText,
  textOf,
  uint32Of,
} from './attribute.ts';
import { encodeUint32, isLittleEndian, viewOf } from './byte-order.ts';
import { formatHardwareAddress, parseHardwareAddress } from './hardware-address.ts';
import { malformed } from './message.ts';

/** A network interface. */
export interface NetworkLink {
  /** Stays the same for the life of the link, whatever its name. */
  readonly index: number;
  readonly name: string;
  /** Lower case with colons; empty for a link without address. */
  readonly hardwareAddress: string;
  readonly mtu: number;
  readonly isUp: boolean;
  /** Whether addresses of neighbours are found by ARP. */
  readonly usesArp: boolean;
  /** Whether it can have IPv6 addresses: the kernel has IPv6, and it is not switched off for this link. */
  readonly hasIpv6: boolean;
}

/** What to change of a link; what is left out stays. */
export interface LinkChange {
  /** At most 15 bytes. Many drivers want the link down. `EEXIST` when another link has it. */
  readonly name?: string;
  /** Some drivers want the link down. */
  readonly hardwareAddress?: string;
  /** In bytes. */
  readonly mtu?: number;
  readonly isUp?: boolean;
  readonly usesArp?: boolean;
}

const headerBytes = 16; // struct ifinfomsg: family, padding, type, index, flags, change mask
const attributeTypes = { address: 1, name: 3, mtu: 4, families: 26, extension: 29 } as const; // IFLA_*
const linkFlags = { up: 0x1, noArp: 0x80 } as const; // IFF_*
const inet6 = 10; // AF_INET6
const inet6Settings = 2; // IFLA_INET6_CONF
const disableIpv6 = 26; // DEVCONF_DISABLE_IPV6: index into an array of 32-bit numbers
const skipStatistics = 0x8; // RTEXT_FILTER_SKIP_STATS

/** The request for all links, without their counters. */
export function encodeLinkQuery(): Uint8Array {
  return Buffer.concat([
    new Uint8Array(headerBytes),
    encodeAttributes([[attributeTypes.extension, encodeUint32(skipStatistics)]]),
  ]);
}

function hasIpv6(families: Uint8Array | undefined): boolean {
  if (families === undefined) return false;
  const family = decodeAttributes(families).get(inet6);
  const settings = family === undefined ? undefined : decodeAttributes(family).get(inet6Settings);
  if (settings === undefined) return false;
  const offset = 4 * disableIpv6;
  return settings.length < offset + 4 || viewOf(settings).getInt32(offset, isLittleEndian) === 0;
}

/**
 * Reads the payload of an `RTM_NEWLINK`.
 *
 * @throws LinuxError `EBADMSG`
 */
export function decodeLink(payload: Uint8Array): NetworkLink {
  if (payload.length < headerBytes) throw malformed(`link of ${payload.length} bytes`);
  const view = viewOf(payload);
  const flags = view.getUint32(8, isLittleEndian);
  const attributes = decodeAttributes(payload.subarray(headerBytes));
  return {
    index: view.getInt32(4, isLittleEndian),
    name: textOf(attributes, attributeTypes.name) ?? '',
    hardwareAddress: formatHardwareAddress(attributes.get(attributeTypes.address) ?? new Uint8Array()),
    mtu: uint32Of(attributes, attributeTypes.mtu) ?? 0,
    isUp: (flags & linkFlags.up) !== 0,
    usesArp: (flags & linkFlags.noArp) === 0,
    hasIpv6: hasIpv6(attributes.get(attributeTypes.families)),
  };
}

/**
 * Writes the payload of an `RTM_SETLINK`.
 *
 * @throws LinuxError `invalid_argument` for a hardware address that is none
 */
export function encodeLinkChange(index: number, change: LinkChange): Uint8Array {
  const { name, hardwareAddress, mtu, isUp, usesArp } = change;
  const header = new Uint8Array(headerBytes);
  const view = viewOf(header);
  view.setInt32(4, index, isLittleEndian);
  const wanted = (isUp === true ? linkFlags.up : 0) | (usesArp === false ? linkFlags.noArp : 0);
  const mask = (isUp === undefined ? 0 : linkFlags.up) | (usesArp === undefined ? 0 : linkFlags.noArp);
  view.setUint32(8, wanted, isLittleEndian);
  view.setUint32(12, mask, isLittleEndian);
  const attributes: Attribute[] = [];
  if (hardwareAddress !== undefined) {
    const bytes = parseHardwareAddress(hardwareAddress);
    if (bytes === undefined)
      throw new LinuxError({ code: 'invalid_argument', syscall: 'netlink', operand: hardwareAddress });
    attributes.push([attributeTypes.address, bytes]);
  }
  if (mtu !== undefined) attributes.push([attributeTypes.mtu, encodeUint32(mtu)]);
  if (name !== undefined) attributes.push([attributeTypes.name, encodeText(name)]);
  return Buffer.concat([header, encodeAttributes(attributes)]);
}
