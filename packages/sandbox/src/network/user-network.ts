// SPDX-License-Identifier: Apache-2.0
import type { NetworkBackend } from '@hako/hypervisor';

import type { AgentCallOptions } from '../process/guest-agent.ts';
import { toInterface, toRoute } from './guest-interface.ts';
import type { NetworkMachine } from './guest-network.ts';
import type { NetworkAgent } from './network-agent.ts';

/** Each machine has a network of its own, so all may have the same address. The second bit marks it as not registered. */
const mac = '02:68:61:6b:6f:01';

/** QEMU's user network: see the documentation of `-netdev user`. Other stacks are told to have the same addresses. */
export const userAddresses = {
  guest: '10.0.2.15',
  prefixLength: 24,
  gateway: '10.0.2.2',
  /** Answers questions for names, with the answers of the host. */
  nameServer: '10.0.2.3',
} as const;

const interfaceName = 'eth0';
const mtuBytes = 1500;

/**
 * Gives a running guest a network card with the addresses of a user network, and the default route. Errors: those of the
 * hypervisor's `plug` and of the agent.
 * @param vm the machine
 * @param agent its agent
 * @param backend the other end of the card
 * @param options limits of each call
 * @param connect connects the other end, when the card is there
 */
export async function attachUserCard(
  vm: NetworkMachine,
  agent: NetworkAgent,
  backend: NetworkBackend,
  options: AgentCallOptions,
  connect: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { guest, prefixLength, gateway } = userAddresses;
  const family = 'ipv4';
  const { address: place } = await vm.plug({ kind: 'network', id: 'net0', mac, backend }, options);
  await connect();
  const card = toInterface({
    ...{ name: interfaceName, mac, mtuBytes, pciPath: place.pciPath },
    addresses: [{ family, address: guest, prefixLength }],
  });
  await agent.updateInterface({ interface: card }, options);
  const route = toRoute({ destination: '', family, interfaceName, gateway });
  await agent.updateRoutes({ routes: { Routes: [route] } }, options);
}
