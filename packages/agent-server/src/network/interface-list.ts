// SPDX-License-Identifier: Apache-2.0
import { ipFamilyOfText, type RouteSocket } from '@hako/linux';
import { type Interface, IPFamily } from '@hako/protocols/types';

/** All links with their addresses, as the API has them. */
export function listNetworkInterfaces(network: RouteSocket): Interface[] {
  const addresses = network.listAddresses();
  return network.listLinks().map((link) => ({
    device: '',
    name: link.name,
    IPAddresses: addresses
      .filter(({ linkIndex }) => linkIndex === link.index)
      .map(({ address, prefixLength }) => ({
        family: ipFamilyOfText(address) === 'ipv6' ? IPFamily.v6 : IPFamily.v4,
        address,
        mask: String(prefixLength),
      })),
    mtu: BigInt(link.mtu),
    hwAddr: link.hardwareAddress.toUpperCase(),
    devicePath: '',
    type: '',
    rawFlags: 0,
  }));
}
