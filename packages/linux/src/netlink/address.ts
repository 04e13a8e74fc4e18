// SPDX-License-Identifier: Apache-2.0
import { decodeAttributes, encodeAttributes, type Attribute } from './attribute.ts';
import { isLittleEndian, viewOf } from './byte-order.ts';
import { requireIpAddress } from './require-ip-address.ts';
import { formatIpAddress, ipFamilyNumbers, ipFamilyOf } from './ip-address.ts';
import { malformed } from './message.ts';

/** An IP address of a link. */
export interface NetworkAddress {
  readonly linkIndex: number;
  readonly address: string;
  readonly prefixLength: number;
}

const headerBytes = 8; // struct ifaddrmsg: family, prefix length, flags, scope, index
const attributeTypes = { address: 1, local: 2, broadcast: 4 } as const; // IFA_*
const noDuplicateDetection = 0x02; // IFA_F_NODAD
/** From this length on a network has no broadcast address (RFC 3021). */
const pointToPointPrefix = 31;

/** The request for all addresses. */
export function encodeAddressQuery(): Uint8Array {
  return new Uint8Array(headerBytes);
}

/**
 * Reads the payload of an `RTM_NEWADDR`.
 *
 * @returns undefined for an address of another protocol
 * @throws LinuxError `EBADMSG`
 */
export function decodeAddress(payload: Uint8Array): NetworkAddress | undefined {
  if (payload.length < headerBytes) throw malformed(`address of ${payload.length} bytes`);
  const [family = 0, prefixLength = 0] = payload;
  const attributes = decodeAttributes(payload.subarray(headerBytes));
  // With a peer, `address` is the peer's.
  const bytes = attributes.get(attributeTypes.local) ?? attributes.get(attributeTypes.address);
  if (ipFamilyOf(family) === undefined || bytes === undefined) return undefined;
  return {
    linkIndex: viewOf(payload).getUint32(4, isLittleEndian),
    address: formatIpAddress(bytes),
    prefixLength,
  };
}

function broadcastOf(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((octet, index) => octet | (0xff >> Math.min(8, Math.max(0, prefixLength - 8 * index))));
}

/**
 * Writes the payload of an `RTM_NEWADDR`. An IPv4 address gets the broadcast address of its network. An IPv6 address
 * can be used at once: whoever assigned it answers for its being the only one (RFC 4862, section 5.1).
 *
 * @throws LinuxError `invalid_argument` for an address or prefix length that is none
 */
export function encodeAddress({ linkIndex, address, prefixLength }: NetworkAddress): Uint8Array {
  const { bytes, family } = requireIpAddress(address, prefixLength);
  const header = new Uint8Array(headerBytes);
  header[0] = ipFamilyNumbers[family];
  header[1] = prefixLength;
  header[2] = family === 'ipv6' ? noDuplicateDetection : 0;
  viewOf(header).setUint32(4, linkIndex, isLittleEndian);
  const attributes: Attribute[] = [
    [attributeTypes.local, bytes],
    [attributeTypes.address, bytes],
  ];
  if (family === 'ipv4' && prefixLength < pointToPointPrefix)
    attributes.push([attributeTypes.broadcast, broadcastOf(bytes, prefixLength)]);
  return Buffer.concat([header, encodeAttributes(attributes)]);
}
