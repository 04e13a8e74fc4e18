// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';
import type {
  AddARPNeighborsRequest,
  DeepPartial,
  UpdateInterfaceRequest,
  UpdateRoutesRequest,
} from '@hako/protocols/agent';

import { IPFamily } from '@hako/protocols/types';

import type { AgentCallOptions } from '../process/guest-agent.ts';
import type { CheckedNetwork } from './network-options.ts';

/** Each machine has a network of its own, so all may have the same address. The second bit marks it as not registered. */
const mac = '02:68:61:6b:6f:01';

/** QEMU's user network: see the documentation of `-netdev user`. */
const guestAddress = '10.0.2.15';
const prefixLength = '24';
const gateway = '10.0.2.2';

/** Where QEMU's user network answers questions for names, with the answers of the host. */
export const userNameServer = '10.0.2.3';

const interfaceName = 'eth0';
const mtuBytes = 1500n;

/** The calls on a guest's network. */
export interface NetworkAgent {
  updateInterface(request: DeepPartial<UpdateInterfaceRequest>, options?: AgentCallOptions): Promise<unknown>;
  updateRoutes(request: DeepPartial<UpdateRoutesRequest>, options?: AgentCallOptions): Promise<unknown>;
  addARPNeighbors(request: DeepPartial<AddARPNeighborsRequest>, options?: AgentCallOptions): Promise<unknown>;
}

/**
 * Gives a running guest a network card on the hypervisor's user network, with address and default route. Errors: those of
 * the hypervisor's `plug` and of the agent.
 * @param vm the machine
 * @param agent its agent
 * @param network what leads into the guest
 * @param options limits of each call
 */
export async function attachUserNetwork(
  vm: Pick<VirtualMachine, 'plug'>,
  agent: NetworkAgent,
  { ports }: Extract<CheckedNetwork, { kind: 'user' }>,
  options: AgentCallOptions,
): Promise<void> {
  const backend = { kind: 'user', forwards: ports } as const;
  const { address } = await vm.plug({ kind: 'network', id: 'net0', mac, backend }, options);
  await agent.updateInterface(
    {
      interface: {
        device: interfaceName,
        name: interfaceName,
        hwAddr: mac,
        devicePath: address.pciPath,
        mtu: mtuBytes,
        IPAddresses: [{ family: IPFamily.v4, address: guestAddress, mask: prefixLength }],
      },
    },
    options,
  );
  await agent.updateRoutes({ routes: { Routes: [{ dest: '', gateway, device: interfaceName }] } }, options);
}
