// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import { IPFamily, type Interface, type Route } from '@hako/protocols/types';

import type { EndpointAddress, IpFamily } from './namespace/endpoint.ts';

/** An interface of a guest. */
export interface GuestInterface {
  readonly name: string;
  /** Six lower-case hexadecimal bytes with colons. */
  readonly mac: string;
  readonly mtuBytes: number;
  readonly addresses: readonly EndpointAddress[];
  /** Kind of the link it stands for, in the words of Kata's runtime; empty if nobody said. */
  readonly type?: string;
  /** Where it is in the guest; empty if nobody said. */
  readonly pciPath?: string;
}

/** A route of a guest. */
export interface GuestRoute {
  /** Address and prefix length; empty for the default route. */
  readonly destination: string;
  readonly family: IpFamily;
  /** Name of the interface. */
  readonly interfaceName: string;
  /** Absent: the destination is on the link. */
  readonly gateway?: string;
  /** Preferred source address. */
  readonly source?: string;
  /** As the kernel numbers it: 0 universe, 253 link, 254 host. Default 0. */
  readonly scope?: number;
  /** `RTNH_F_*` of the kernel, such as 4 for a gateway that is on the link. Default 0. */
  readonly flags?: number;
  readonly mtuBytes?: number;
}

/** Makes the agent's word of a family. */
export const familyOf = (family: IpFamily): IPFamily => (family === 'ipv6' ? IPFamily.v6 : IPFamily.v4);
const familyFrom = (family: IPFamily): IpFamily => (family === IPFamily.v6 ? 'ipv6' : 'ipv4');

/** Makes the agent's words of an interface. */
export function toInterface(wanted: GuestInterface): DeepPartial<Interface> {
  const { name, mac, mtuBytes, addresses, type = '', pciPath = '' } = wanted;
  return {
    device: name,
    name,
    hwAddr: mac,
    mtu: BigInt(mtuBytes),
    type,
    devicePath: pciPath,
    IPAddresses: addresses.map(({ family, address, prefixLength }) => ({
      family: familyOf(family),
      address,
      mask: String(prefixLength),
    })),
  };
}

/** Understands the agent's words of an interface. */
export function fromInterface({
  name,
  hwAddr,
  mtu,
  type,
  devicePath,
  IPAddresses,
}: Interface): GuestInterface {
  return {
    name,
    mac: hwAddr,
    mtuBytes: Number(mtu),
    addresses: IPAddresses.map(({ family, address, mask }) => ({
      family: familyFrom(family),
      address,
      prefixLength: Number(mask),
    })),
    ...(type === '' ? {} : { type }),
    ...(devicePath === '' ? {} : { pciPath: devicePath }),
  };
}

/** Makes the agent's words of a route. */
export function toRoute(route: GuestRoute): DeepPartial<Route> {
  const { destination, family, interfaceName, gateway = '', source = '' } = route;
  const { scope = 0, flags = 0, mtuBytes = 0 } = route;
  return {
    dest: destination,
    gateway,
    device: interfaceName,
    source,
    scope,
    family: familyOf(family),
    flags,
    mtu: mtuBytes,
  };
}

/** Understands the agent's words of a route. */
export function fromRoute({ dest, gateway, device, source, scope, family, flags, mtu }: Route): GuestRoute {
  return {
    destination: dest,
    family: familyFrom(family),
    interfaceName: device,
    ...(gateway === '' ? {} : { gateway }),
    ...(source === '' ? {} : { source }),
    scope,
    flags,
    ...(mtu === 0 ? {} : { mtuBytes: mtu }),
  };
}
