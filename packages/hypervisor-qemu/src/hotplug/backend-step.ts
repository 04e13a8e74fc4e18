// SPDX-License-Identifier: Apache-2.0
import type { WaitOptions } from '@hako/hypervisor';
import type { QmpCommands } from '../qmp/generated/qmp-types.ts';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { QmpError } from '../qmp/qmp-error.ts';
import type { PlugStep } from './plug-step.ts';

type Arguments<Name extends keyof QmpCommands> = QmpCommands[Name]['arguments'];

/** The host's half of a disk: a block node. */
export function blockNodeStep(
  monitor: QmpClient,
  node: Arguments<'blockdev-add'> & { readonly 'node-name': string },
): PlugStep {
  return commandStep(
    (options) => monitor.execute('blockdev-add', node, options),
    (options) => monitor.execute('blockdev-del', { 'node-name': node['node-name'] }, options),
  );
}

/** The host's half of a network card. */
export function netdevStep(monitor: QmpClient, netdev: Arguments<'netdev_add'>): PlugStep {
  return commandStep(
    (options) => monitor.execute('netdev_add', netdev, options),
    (options) => monitor.execute('netdev_del', { id: netdev.id }, options),
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
  return commandStep(
    (options) => monitor.execute('chardev-add', { id, backend: { type: 'socket', data } }, options),
    (options) => monitor.execute('chardev-remove', { id }, options),
  );
}

/** A QEMU object, such as a stretch of the host's memory. */
export function objectStep(monitor: QmpClient, object: Arguments<'object-add'>): PlugStep {
  return commandStep(
    (options) => monitor.execute('object-add', object, options),
    (options) => monitor.execute('object-del', { id: object.id }, options),
  );
}

function commandStep(
  add: (options: WaitOptions) => Promise<unknown>,
  remove: (options: WaitOptions) => Promise<unknown>,
): PlugStep {
  return {
    async apply(options) {
      await add(options);
    },
    async revert(options) {
      await remove(options).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    },
  };
}

/** QEMU words the absence of a thing in three ways, of which only one has an error class of its own. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof QmpError &&
    error.code === 'command_failed' &&
    /not found|failed to find/i.test(error.message)
  );
}
