// SPDX-License-Identifier: Apache-2.0
import type { LinkChange, NetworkLink, NetworkPrefix, RouteSocket } from '@hako/linux';
import type { Interface } from '@hako/protocols/types';
import { describeError } from '../errors/describe-error.ts';
import type { Logger } from '../logging/logger.ts';
import { linkNotFound } from './find-link.ts';
import { requireBits, requireLinkName, requireMac, requirePrefix } from './request-values.ts';

/** What an interface shall be like. */
export interface InterfaceUpdate {
  /** In lower case; undefined when the device path alone says which link is meant. */
  readonly mac: string | undefined;
  /** Empty: it keeps its name. */
  readonly name: string;
  readonly addresses: readonly NetworkPrefix[];
  /** In bytes; 0: it keeps its own. */
  readonly mtu: number;
  readonly usesArp: boolean;
}

const noArp = 0x80; // IFF_NOARP
const mtuBits = 31;

/**
 * Reads a request, and refuses what cannot be done before anything is changed.
 *
 * @throws AgentError `invalid_request`
 */
export function readInterface(wanted: Interface): InterfaceUpdate {
  return {
    mac: wanted.hwAddr === '' && wanted.devicePath !== '' ? undefined : requireMac(wanted.hwAddr),
    name: requireLinkName(wanted.name),
    addresses: wanted.IPAddresses.map(({ address, mask }) => requirePrefix('address', address, mask)),
    mtu: requireBits('mtu', wanted.mtu, mtuBits),
    usesArp: (wanted.rawFlags & noArp) === 0,
  };
}

/** Changes a link that has to be down for it; when that fails, it is up again if it was. */
function changeDown(network: RouteSocket, { index, isUp }: NetworkLink, change: LinkChange): void {
  if (isUp) network.changeLink(index, { isUp: false });
  undoOnError(
    () => network.changeLink(index, change),
    () => network.changeLink(index, { isUp }),
  );
}

/** Does something; when that fails, undoes it as far as possible and gives the first error. */
function undoOnError(act: () => void, undo: () => void): void {
  try {
    act();
  } catch (error) {
    try {
      undo();
    } catch {
      // A link that is gone needs no undoing; the first error says so too.
    }
    throw error;
  }
}

/** The link a request means. One that is known by its device or by its name gets the hardware address of the request. */
function findLink(
  network: RouteSocket,
  { mac, name }: InterfaceUpdate,
  deviceLink: string | undefined,
  logger: Logger,
): NetworkLink {
  const links = network.listLinks();
  const ofDevice = links.find((link) => link.name === deviceLink);
  if (ofDevice !== undefined && (mac === undefined || ofDevice.hardwareAddress === mac)) return ofDevice;
  if (mac === undefined) throw linkNotFound(`name ${JSON.stringify(deviceLink)}`);
  if (ofDevice !== undefined) {
    try {
      changeDown(network, ofDevice, { hardwareAddress: mac });
      return ofDevice;
    } catch (error) {
      logger.warn({ error: describeError(error), link: deviceLink }, 'hardware address could not be set');
    }
  }
  const byMac = links.find((link) => link.hardwareAddress === mac);
  if (byMac !== undefined) return byMac;
  const byName = links.find((link) => link.name === name);
  if (byName === undefined) throw linkNotFound(`hardware address ${mac}, name ${JSON.stringify(name)}`);
  changeDown(network, byName, { hardwareAddress: mac });
  return byName;
}

/** Gives a link its name; another link that has it gets the first one's name in exchange. */
function renameAndRaise(network: RouteSocket, link: NetworkLink, change: LinkChange): void {
  const rival = network.listLinks().find(({ index, name }) => name === change.name && index !== link.index);
  if (rival === undefined) {
    network.changeLink(link.index, change);
    return;
  }
  changeDown(network, rival, { name: `temp_${rival.index}` });
  undoOnError(
    () => network.changeLink(link.index, change),
    () => network.changeLink(rival.index, { name: rival.name, isUp: rival.isUp }),
  );
  network.changeLink(rival.index, { name: link.name, isUp: true });
}

/**
 * Makes an interface what a host wants: name, hardware address, MTU, ARP, up. Addresses are added to those it has; IPv6
 * ones are left out where the link cannot have any. It is down for a moment when its name changes, as the kernel wants.
 * Done in one go: no other call of the agent sees the network half changed.
 *
 * @param deviceLink - name of the link that the device of the request has
 * @throws AgentError `link_not_found`; LinuxError
 */
export function updateNetworkInterface(
  network: RouteSocket,
  update: InterfaceUpdate,
  deviceLink: string | undefined,
  logger: Logger,
): void {
  const link = findLink(network, update, deviceLink, logger);
  const isRenamed = update.name !== '' && update.name !== link.name;
  if (isRenamed && link.isUp) network.changeLink(link.index, { isUp: false });
  undoOnError(
    () => {
      addAddresses(network, link, update.addresses, logger);
      renameAndRaise(network, link, {
        usesArp: update.usesArp,
        isUp: true,
        ...(update.mtu === 0 ? {} : { mtu: update.mtu }),
        ...(isRenamed ? { name: update.name } : {}),
      });
    },
    () => network.changeLink(link.index, { isUp: link.isUp }),
  );
}

function addAddresses(
  network: RouteSocket,
  link: NetworkLink,
  addresses: readonly NetworkPrefix[],
  logger: Logger,
): void {
  for (const { address, length } of addresses) {
    if (address.includes(':') && !link.hasIpv6)
      logger.warn({ address, link: link.name }, 'address left out: the link has no IPv6');
    else network.replaceAddress({ linkIndex: link.index, address, prefixLength: length });
  }
}
