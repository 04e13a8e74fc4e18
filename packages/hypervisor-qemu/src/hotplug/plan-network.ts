// SPDX-License-Identifier: Apache-2.0
import type { NetworkBackend, PortForward } from '@hako/hypervisor';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { descriptorStep, netdevStep, socketStep } from './backend-step.ts';
import { deviceStep } from './device-step.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { Planner } from './plug-plan.ts';
import type { PlugStep } from './plug-step.ts';

/** A network card: what it is connected to, then the device. */
export const planNetwork: Planner<'network'> = (device, { monitor, slots }) => {
  const netdev = `net-${device.id}`;
  return planInSlot(slots, ({ bus, addr }) => [
    ...backendSteps(monitor, netdev, device.backend),
    deviceStep(monitor, {
      driver: 'virtio-net-pci',
      id: `virtio-${device.id}`,
      bus,
      addr,
      'disable-legacy': 'on',
      netdev,
      mac: device.mac,
      romfile: '',
      ...queueProperties(queuesOf(device.backend)),
    }),
  ]);
};

function queuesOf(backend: NetworkBackend): number {
  switch (backend.kind) {
    case 'tap':
      return backend.queues ?? 1;
    case 'tap-descriptors':
      return backend.descriptors.length;
    case 'user':
    case 'vhost-user':
    case 'stream':
      return 1;
    default:
      return backend satisfies never;
  }
}

/** An interrupt for each direction of each queue, one for changes of the configuration and one for control. */
function queueProperties(queues: number): { readonly mq?: true; readonly vectors?: number } {
  return queues === 1 ? {} : { mq: true, vectors: 2 * queues + 2 };
}

function backendSteps(monitor: QmpClient, id: string, backend: NetworkBackend): PlugStep[] {
  switch (backend.kind) {
    case 'tap': {
      const { interfaceName, vhost = false, queues = 1 } = backend;
      // No scripts: QEMU may start no process.
      const tap = { type: 'tap', id, ifname: interfaceName, script: 'no', downscript: 'no', vhost } as const;
      return [netdevStep(monitor, queues === 1 ? tap : { ...tap, queues })];
    }
    case 'tap-descriptors': {
      const { descriptors, vhost = false } = backend;
      const named = descriptors.map((descriptor, index) => ({ descriptor, name: `${id}-${index}` }));
      const fds = named.map(({ name }) => name).join(':');
      return [
        ...named.map(({ name, descriptor }) => descriptorStep(monitor, name, descriptor)),
        netdevStep(monitor, { type: 'tap', id, fds, vhost }),
      ];
    }
    case 'stream': {
      const addr = { type: 'unix', path: backend.socketPath } as const;
      return [netdevStep(monitor, { type: 'stream', id, server: true, addr })];
    }
    case 'user': {
      const { isolated = false, forwards = [] } = backend;
      const hostfwd = forwards.map((forward) => ({ str: forwardText(forward) }));
      return [netdevStep(monitor, { type: 'user', id, restrict: isolated, hostfwd })];
    }
    case 'vhost-user': {
      const chardev = `char-${id}`;
      return [
        socketStep(monitor, { id: chardev, path: backend.socketPath }),
        netdevStep(monitor, { type: 'vhost-user', id, chardev, vhostforce: true }),
      ];
    }
    default:
      return backend satisfies never;
  }
}

function forwardText({ protocol, hostAddress = '127.0.0.1', hostPort, guestPort }: PortForward): string {
  return `${protocol}:${hostAddress}:${hostPort}-:${guestPort}`;
}
