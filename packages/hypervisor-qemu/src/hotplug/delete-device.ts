// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, openDeadline, type WaitOptions } from '@hako/hypervisor';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { QmpError } from '../qmp/qmp-error.ts';
import type { QmpEvent } from '../qmp/qmp-message.ts';

const deletionTimeoutMs = 10_000;

/**
 * Asks the guest to let go of a device and waits until it has: only `DEVICE_DELETED` says that the device is gone. Does
 * nothing if there is no such device, and waits along if the guest was asked before.
 *
 * @throws HypervisorError `guest_refused` | `timeout` | `aborted`
 * @throws QmpError
 */
export async function deleteDevice(monitor: QmpClient, id: string, options: WaitOptions): Promise<void> {
  using deadline = openDeadline(`letting go of device ${id}`, options, deletionTimeoutMs);
  const events = monitor.events();
  const stop = () => events.close();
  deadline.signal.addEventListener('abort', stop, { once: true });
  try {
    if (!(await requestDeletion(monitor, id, { signal: deadline.signal, timeoutMs: Infinity }))) return;
    for await (const event of events) {
      if (event.event === 'DEVICE_DELETED' && event.data.device === id) return;
      if (isRefusal(event, id)) {
        throw new HypervisorError('guest_refused', `guest keeps device ${id}`, { operand: id });
      }
    }
    throw deadline.signal.reason;
  } finally {
    deadline.signal.removeEventListener('abort', stop);
    events.close();
  }
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
