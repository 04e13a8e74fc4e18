// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type WaitOptions } from '@hako/hypervisor';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { QmpError } from '../qmp/qmp-error.ts';
import { deleteDevice } from './delete-device.ts';

/**
 * How a change of the machine is taken back, as data: a process that adopts the machine takes back what another has done. The
 * id is that of the thing in QEMU.
 */
export interface PlugUndo {
  readonly kind: 'device' | 'node' | 'netdev' | 'chardev' | 'object' | 'descriptor' | 'stays';
  readonly id: string;
  /** Of what `stays`: what can be done instead. */
  readonly remedy?: string;
}

/**
 * Takes a change back. Does nothing if it is not there.
 *
 * @throws HypervisorError `guest_refused` | `unsupported` for what stays | `timeout` | `aborted`
 * @throws QmpError
 */
export async function takeBack(monitor: QmpClient, undo: PlugUndo, options: WaitOptions): Promise<void> {
  try {
    await order(monitor, undo, options);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function order(
  monitor: QmpClient,
  { kind, id, remedy }: PlugUndo,
  options: WaitOptions,
): Promise<unknown> {
  switch (kind) {
    case 'device':
      await deleteDevice(monitor, id, options);
      return undefined;
    case 'node':
      return await monitor.execute('blockdev-del', { 'node-name': id }, options);
    case 'netdev':
      return await monitor.execute('netdev_del', { id }, options);
    case 'chardev':
      return await monitor.execute('chardev-remove', { id }, options);
    case 'object':
      return await monitor.execute('object-del', { id }, options);
    case 'descriptor':
      return await monitor.execute('closefd', { fdname: id }, options);
    case 'stays':
      throw new HypervisorError('unsupported', `${id} cannot be taken out`, {
        operand: id,
        ...(remedy !== undefined && { remedy }),
      });
    default:
      return kind satisfies never;
  }
}

/** QEMU words the absence of a thing in three ways, of which only one has an error class of its own. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof QmpError &&
    error.code === 'command_failed' &&
    /not found|failed to find/i.test(error.message)
  );
}
