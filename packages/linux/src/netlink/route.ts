// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from '../linux-error.ts';
import { type Attribute, decodeAttributes, encodeAttributes, uint32Of } from './attribute.ts';
import { encodeUint32, isLittleEndian, viewOf } from './byte-order.ts';
import { formatIpAddress, type IpFamily, ipFamilyNumbers, ipFamilyOf } from './ip-address.ts';
import { malformed } from './message.ts';
import { requireIpAddress } from './require-ip-address.ts';

/** An address with the number of its leading bits that count. */
export interface NetworkPrefix {
  readonly address: string;
  readonly length: number;
}

/** A route of the main table. */
export interface NetworkRoute {
  readonly family: IpFamily;
  /** Undefined for the default route. */
  readonly destination?: NetworkPrefix | undefined;
  /** Undefined for a destination on the link. */
  readonly gateway?: string | undefined;
  /** Undefined, when listed, for a route over several links or none. */
  readonly linkIndex?: number | undefined;
  /** The route is for packets from these addresses only. */
  readonly sourcePrefix?: NetworkPrefix | undefined;
  /** Own address for packets that have none yet. */
  readonly preferredSource?: string | undefined;
  /** As the kernel numbers it: 0 universe, 253 link, 254 host. IPv6 has no scopes. */
  readonly scope: number;
  /** `RTNH_F_*`: 4 = the gateway is on the link whatever the addresses say. */
  readonly flags: number;
  /** In bytes; 0 for the link's own. */
  readonly mtu: number;
}

const headerBytes = 12; // struct rtmsg: family, three lengths, table, protocol, scope, type, flags
const attributeTypes = {
  destination: 1,
  source: 2,
  link: 4,
  gateway: 5,
  preferredSource: 7,
  metrics: 8,
  table: 15,
  via: 18,
} as const; // RTA_*
const mtuMetric = 2; // RTAX_MTU
const mainTable = 254; // RT_TABLE_MAIN
const bootProtocol = 3; // RTPROT_BOOT: set by whoever configures at start
const unicast = 1; // RTN_UNICAST
/** RTA_VIA, a gateway of the other family, has two bytes of family before the address. */
const viaHeaderBytes = 2;

/** The request for the main table of one family. */
export function encodeRouteQuery(family: IpFamily): Uint8Array {
  const header = new Uint8Array(headerBytes);
  header[0] = ipFamilyNumbers[family];
  header[4] = mainTable;
  return header;
}

function prefixOf(bytes: Uint8Array | undefined, length: number): NetworkPrefix | undefined {
  return bytes === undefined ? undefined : { address: formatIpAddress(bytes), length };
}

/**
 * Reads the payload of an `RTM_NEWROUTE`.
 *
 * @returns undefined for a route of another protocol or table
 * @throws LinuxError `EBADMSG`
 */
export function decodeRoute(payload: Uint8Array): NetworkRoute | undefined {
  if (payload.length < headerBytes) throw malformed(`route of ${payload.length} bytes`);
  const [familyNumber = 0, destinationLength = 0, sourceLength = 0, , table = 0, , scope = 0] = payload;
  const family = ipFamilyOf(familyNumber);
  const attributes = decodeAttributes(payload.subarray(headerBytes));
  if (family === undefined || (uint32Of(attributes, attributeTypes.table) ?? table) !== mainTable)
    return undefined;
  const gateway =
    attributes.get(attributeTypes.gateway) ?? attributes.get(attributeTypes.via)?.subarray(viaHeaderBytes);
  const preferred = attributes.get(attributeTypes.preferredSource);
  const metrics = attributes.get(attributeTypes.metrics);
  return {
    family,
    destination: prefixOf(attributes.get(attributeTypes.destination), destinationLength),
    gateway: gateway === undefined ? undefined : formatIpAddress(gateway),
    linkIndex: uint32Of(attributes, attributeTypes.link),
    sourcePrefix: prefixOf(attributes.get(attributeTypes.source), sourceLength),
    preferredSource: preferred === undefined ? undefined : formatIpAddress(preferred),
    scope,
    flags: viewOf(payload).getUint32(8, isLittleEndian),
    mtu: (metrics === undefined ? undefined : uint32Of(decodeAttributes(metrics), mtuMetric)) ?? 0,
  };
}

/**
 * Writes the payload of an `RTM_NEWROUTE`: a unicast route of the main table.
 *
 * @throws LinuxError `invalid_argument` for an address that is none or of the other family
 */
export function encodeRoute(route: NetworkRoute): Uint8Array {
  const { family, destination, gateway, linkIndex, sourcePrefix, preferredSource, mtu } = route;
  const attributes: Attribute[] = [];
  const add = (type: number, text: string | undefined, prefixLength = 0): void => {
    if (text === undefined) return;
    const address = requireIpAddress(text, prefixLength);
    if (address.family !== family)
      throw new LinuxError({
        code: 'invalid_argument',
        syscall: 'netlink',
        operand: text,
        detail: `not ${family}`,
      });
    attributes.push([type, address.bytes]);
  };
  add(attributeTypes.destination, destination?.address, destination?.length);
  add(attributeTypes.source, sourcePrefix?.address, sourcePrefix?.length);
  add(attributeTypes.gateway, gateway);
  add(attributeTypes.preferredSource, preferredSource);
  if (linkIndex !== undefined) attributes.push([attributeTypes.link, encodeUint32(linkIndex)]);
  if (mtu !== 0) {
    const metrics = encodeAttributes([[mtuMetric, encodeUint32(mtu)]]);
    attributes.push([attributeTypes.metrics, metrics]);
  }
  const header = Uint8Array.of(
    ipFamilyNumbers[family],
    destination?.length ?? 0,
    sourcePrefix?.length ?? 0,
    0,
    mainTable,
    bootProtocol,
    route.scope,
    unicast,
    ...encodeUint32(route.flags),
  );
  return Buffer.concat([header, encodeAttributes(attributes)]);
}
