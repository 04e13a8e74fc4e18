// SPDX-License-Identifier: Apache-2.0
import type { QmpCommands } from '../qmp/generated/qmp-types.ts';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { plugStep, type PlugStep } from './plug-step.ts';

type Arguments<Name extends keyof QmpCommands> = QmpCommands[Name]['arguments'];

/** The host's half of a disk: a block node. */
export function blockNodeStep(
  monitor: QmpClient,
  node: Arguments<'blockdev-add'> & { readonly 'node-name': string },
): PlugStep {
  return plugStep(monitor, { kind: 'node', id: node['node-name'] }, (options) =>
    monitor.execute('blockdev-add', node, options),
  );
}

/** The host's half of a network card. */
export function netdevStep(monitor: QmpClient, netdev: Arguments<'netdev_add'>): PlugStep {
  return plugStep(monitor, { kind: 'netdev', id: netdev.id }, (options) =>
    monitor.execute('netdev_add', netdev, options),
  );
}

/** An open file of this process that QEMU gets under a name, for one netdev to take up. */
export function descriptorStep(monitor: QmpClient, fdname: string, descriptor: number): PlugStep {
  return plugStep(monitor, { kind: 'descriptor', id: fdname }, (options) =>
    monitor.execute('getfd', { fdname }, { ...options, descriptors: [descriptor] }),
  );
}

/** A connection to the process behind a vhost-user device, which listens on a socket. */
export function socketStep(
  monitor: QmpClient,
  {
    id,
    path,
    reconnectSeconds,
  }: { readonly id: string; readonly path: string; readonly reconnectSeconds?: number },
): PlugStep {
  const data = {
    addr: { type: 'unix', data: { path } },
    server: false,
    ...(reconnectSeconds !== undefined && reconnectSeconds > 0 && { reconnect: reconnectSeconds }),
  } as const;
  return plugStep(monitor, { kind: 'chardev', id }, (options) =>
    monitor.execute('chardev-add', { id, backend: { type: 'socket', data } }, options),
  );
}

/** A QEMU object, such as a stretch of the host's memory. */
export function objectStep(monitor: QmpClient, object: Arguments<'object-add'>): PlugStep {
  return plugStep(monitor, { kind: 'object', id: object.id }, (options) =>
    monitor.execute('object-add', object, options),
  );
}
