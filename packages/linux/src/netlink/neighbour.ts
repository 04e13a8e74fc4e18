// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from '../linux-error.ts';
import { type Attribute, decodeAttributes, encodeAttributes } from './attribute.ts';
import { isLittleEndian, viewOf } from './byte-order.ts';
import { formatHardwareAddress, parseHardwareAddress } from './hardware-address.ts';
import { formatIpAddress, ipFamilyNumbers, ipFamilyOf } from './ip-address.ts';
import { malformed } from './message.ts';
import { requireIpAddress } from './require-ip-address.ts';

/** Where a link reaches an IP address. */
export interface NetworkNeighbour {
  readonly linkIndex: number;
  readonly address: string;
  /** Undefined when it is not known. */
  readonly hardwareAddress?: string | undefined;
  /** `NUD_*`: 0x80 permanent, 0x40 no ARP, 0x02 reachable. */
  readonly state: number;
  /** `NTF_*`, 8 bits. */
  readonly flags: number;
}

const headerBytes = 12; // struct ndmsg: family, three bytes of padding, index, state, flags, type
const attributeTypes = { address: 1, hardwareAddress: 2 } as const; // NDA_*

/** The request for all neighbours. */
export function encodeNeighbourQuery(): Uint8Array {
  return new Uint8Array(headerBytes);
}

/**
 * Reads the payload of an `RTM_NEWNEIGH`.
 *
 * @returns undefined for a neighbour of another protocol
 * @throws LinuxError `EBADMSG`
 */
export function decodeNeighbour(payload: Uint8Array): NetworkNeighbour | undefined {
  if (payload.length < headerBytes) throw malformed(`neighbour of ${payload.length} bytes`);
  const view = viewOf(payload);
  const attributes = decodeAttributes(payload.subarray(headerBytes));
  const address = attributes.get(attributeTypes.address);
  const hardwareAddress = attributes.get(attributeTypes.hardwareAddress);
  if (ipFamilyOf(payload[0] ?? 0) === undefined || address === undefined) return undefined;
  return {
    linkIndex: view.getInt32(4, isLittleEndian),
    address: formatIpAddress(address),
    hardwareAddress: hardwareAddress === undefined ? undefined : formatHardwareAddress(hardwareAddress),
    state: view.getUint16(8, isLittleEndian),
    flags: view.getUint8(10),
  };
}

/**
 * Writes the payload of an `RTM_NEWNEIGH`.
 *
 * @throws LinuxError `invalid_argument` for an address that is none
 */
export function encodeNeighbour(neighbour: NetworkNeighbour): Uint8Array {
  const { linkIndex, address, hardwareAddress, state, flags } = neighbour;
  const { bytes, family } = requireIpAddress(address);
  const header = new Uint8Array(headerBytes);
  const view = viewOf(header);
  view.setUint8(0, ipFamilyNumbers[family]);
  view.setInt32(4, linkIndex, isLittleEndian);
  view.setUint16(8, state, isLittleEndian);
  view.setUint8(10, flags);
  const attributes: Attribute[] = [[attributeTypes.address, bytes]];
  if (hardwareAddress !== undefined) {
    const link = parseHardwareAddress(hardwareAddress);
    if (link === undefined)
      throw new LinuxError({ code: 'invalid_argument', syscall: 'netlink', operand: hardwareAddress });
    attributes.push([attributeTypes.hardwareAddress, link]);
  }
  return Buffer.concat([header, encodeAttributes(attributes)]);
}
