// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PluggableDevice, PluggedDevice } from '@hako/hypervisor';

import { traceFile } from '../network/leftover-network.ts';
import { adoptNamespaceNetwork, openNamespaceNetwork } from '../network/namespace/namespace-network.ts';
import type { MacvtapRequest } from '../network/namespace/tap-files.ts';
import type { NetworkModel, RateLimits } from '../network/network-options.ts';
import { FakeGuestAgent, type FakeGuestAgentOptions } from './fake-guest-agent.ts';
import { FakeNamespace, type FakeNamespaceOptions } from './fake-namespace.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A namespace, though not one of networks: what runs in it is fake. */
export const namespacePath = '/proc/self/ns/uts';

/** What `ip` says of a tap that is there. */
export const tapKind = { linkinfo: { info_kind: 'tun', info_data: { type: 'tap' } } };

/** An entry of `ip address`: a link with an address, unless told otherwise. */
export function link(name: string, more: object = {}): object {
  return {
    ...{ ifindex: 7, ifname: name, flags: [], mtu: 1500, link_type: 'ether', address: '02:00:00:00:00:0a' },
    addr_info: [{ family: 'inet', local: '10.1.0.1', prefixlen: 24 }],
    ...more,
  };
}

/** Options of a network by a model. */
export const namespaceOptions = (model: NetworkModel) =>
  ({ kind: 'namespace', path: namespacePath, model, mayBeEmpty: false, vhost: true, rates: {} }) as const;

/** How a {@link namespaceWorld} differs from the usual one. */
export interface NamespaceWorldOptions extends FakeGuestAgentOptions {
  readonly mayBeEmpty?: boolean;
  readonly vcpus?: number;
  readonly rates?: RateLimits;
}

/** A network on a namespace, a machine and an agent, all of them fake. */
export async function namespaceWorld(
  namespaceFakes: FakeNamespaceOptions = {},
  model: NetworkModel = 'tcfilter',
  { mayBeEmpty = false, vcpus = 1, rates = {}, ...agentOptions }: NamespaceWorldOptions = {},
) {
  const namespace = new FakeNamespace(namespaceFakes);
  const agent = new FakeGuestAgent(agentOptions);
  const opened: MacvtapRequest[] = [];
  const plugged: PluggableDevice[] = [];
  const vm = {
    get pluggedDevices() {
      return plugged.map((device) => ({ device, address: { pciPath: '' } }));
    },
    plug: <Device extends PluggableDevice>(device: Device): Promise<PluggedDevice<Device>> => {
      plugged.push(device);
      const address = { pciPath: `02/0${plugged.length}` };

      // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the fake answers for every kind of device
      return Promise.resolve({ device, address } as PluggedDevice<Device>);
    },
    unplug: (id: string) => {
      plugged.splice(
        plugged.findIndex((device) => device.id === id),
        1,
      );
      return Promise.resolve();
    },
  };
  const { signal } = new AbortController();
  const parts = {
    ...{ enter: () => namespace.run, vhostDevice: '/nonexistent', vcpus },
    openMacvtap: (request: MacvtapRequest) => {
      opened.push(request);
      const descriptors = Array.from({ length: request.count }, (_, index) => 100 + index);
      return Promise.resolve({ descriptors, [Symbol.dispose]: () => undefined });
    },
  };
  const options = { ...namespaceOptions(model), mayBeEmpty, rates };
  const network = await openNamespaceNetwork(options, parts, signal);
  const directory = await temporaryDirectory();
  await network.leaveTrace(directory.path);
  return {
    ...{ namespace, agent, plugged, opened, vm, network, directory },
    /** As another process does, whose predecessor was killed. */
    async adopt() {
      const text = await readFile(join(directory.path, traceFile), 'utf8');
      const trace = { text, directory: directory.path };
      const adopted = adoptNamespaceNetwork(options, parts, trace);
      if (adopted?.takeUp === undefined) throw new Error('nothing to adopt');
      await adopted.takeUp(vm, agent);
      return adopted;
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** A link without addresses: none is chosen by itself. */
export const bareLink = link('eth1', { addr_info: [], address: '02:00:00:00:00:0b' });

/** Addresses to give it. */
export const newAddresses = [{ family: 'ipv4', address: '10.2.0.1', prefixLength: 24 }] as const;
