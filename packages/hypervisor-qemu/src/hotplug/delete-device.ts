// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, openDeadline, type WaitOptions } from '@hako/hypervisor';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { QmpError } from '../qmp/qmp-error.ts';
import type { QmpEvent } from '../qmp/qmp-message.ts';

const deletionTimeoutMs = 10_000;

/** What QEMU says of a device that was asked back. */
const outcomes = ['DEVICE_DELETED', 'DEVICE_UNPLUG_GUEST_ERROR', 'ACPI_DEVICE_OST'] as const;

/**
 * Asks the guest to let go of a device and waits until it has: only `DEVICE_DELETED` says that the device is gone. Does
 * nothing if there is no such device, and waits along if the guest was asked before.
 *
 * @throws HypervisorError `guest_refused` | `timeout` | `aborted`
 * @throws QmpError
 */
export async function deleteDevice(monitor: QmpClient, id: string, options: WaitOptions): Promise<void> {
  using deadline = openDeadline(`letting go of device ${id}`, options, deletionTimeoutMs);
  const { signal } = deadline;
  using events = monitor.events(outcomes, signal);
  if (!(await requestDeletion(monitor, id, { signal, timeoutMs: Infinity }))) return;
  for await (const event of events) {
    if (event.event === 'DEVICE_DELETED' && event.data.device === id) return;
    if (isRefusal(event, id)) {
      throw new HypervisorError('guest_refused', `guest keeps device ${id}`, { operand: id });
    }
  }
  throw signal.reason;
}

/** Source and status codes of `_OST` as in the ACPI specification 6.5, section 6.3.5. */
const ejectionRequest = 3;
const ejectionSucceeded = 0;
const ejectionInProgress = 0x84;

function isRefusal(event: QmpEvent, id: string): boolean {
  if (event.event === 'DEVICE_UNPLUG_GUEST_ERROR') return event.data.device === id;
  if (event.event !== 'ACPI_DEVICE_OST') return false;
  const { device, source, status } = event.data.info;
  if (device !== id || source !== ejectionRequest) return false;
  return status !== ejectionSucceeded && status !== ejectionInProgress;
}

/** @returns false if there is no such device */
async function requestDeletion(monitor: QmpClient, id: string, options: WaitOptions): Promise<boolean> {
  try {
    await monitor.execute('device_del', { id }, options);
  } catch (error) {
    if (!(error instanceof QmpError) || error.code !== 'command_failed') throw error;
    if (error.qemuClass === 'DeviceNotFound') return false;
    if (!/already in the process of unplug/.test(error.message)) throw error;
  }
  return true;
}
