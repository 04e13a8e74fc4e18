// SPDX-License-Identifier: Apache-2.0
import type { Device, DeviceInfo, DeviceManager } from '@hako/device-manager';

import type { Logger } from '../logger.ts';
import { SandboxError } from '../sandbox-error.ts';
import { deviceFailure } from './device-failure.ts';

/** A guest that does not let go of a device may keep its container waiting for so long. */
export const unplugTimeoutMs = 15_000;

/**
 * The devices that the containers of a sandbox have, each plugged once however many use it. What the guest does not let go
 * of is tried again whenever something comes or goes, so that the machine ends up with what containers use.
 */
export class SharedDevices {
  readonly #manager: DeviceManager;
  readonly #logger: Logger;
  /** Devices nobody uses that are still attached. */
  readonly #strays = new Set<string>();

  constructor(manager: DeviceManager, logger: Logger) {
    this.#manager = manager;
    this.#logger = logger;
  }

  /**
   * Attaches a device for a container, or counts one user more. Errors: `device_failed`, `invalid_options`, `aborted`,
   * `timeout`; counts are then as before.
   * @param info the device
   * @param options `signal` ends the wait; `mayBeWritable`: a device that is wanted read-only may be plugged writable, because
   *   the container sees it through a mount
   */
  async acquire(
    info: DeviceInfo,
    { signal, mayBeWritable }: { readonly signal: AbortSignal; readonly mayBeWritable: boolean },
  ): Promise<Device> {
    await this.#retryStrays();
    try {
      const device = await this.#manager.newDevice(info);
      try {
        checkUse(device, info, mayBeWritable);
        await this.#manager.attachDevice(device.id, { signal });
        return device;
      } catch (error) {
        await this.#manager.removeDevice(device.id);
        throw error;
      }
    } catch (error) {
      throw deviceFailure(info.hostPath ?? info.containerPath, error);
    }
  }

  /**
   * Gives devices back, the last one first; the last user of each unplugs it. The first failure is thrown after all were
   * tried. Error: `device_failed`, `timeout`.
   * @param devices each as often as it was acquired
   */
  async giveBack(devices: readonly Device[]): Promise<void> {
    const failures: SandboxError[] = [];
    for (const device of devices.toReversed()) {
      try {
        await this.#detach(device.id);
      } catch (error) {
        this.#strays.add(device.id);
        failures.push(deviceFailure(device.hostPath, error));
      }
    }
    const [first] = failures;
    if (first !== undefined) throw first;
    await this.#retryStrays();
  }

  /**
   * Takes out what nobody uses. Never rejects: what the guest does not let go of is tried again, as everything is.
   * @param ids of devices that are attached once, by nobody
   */
  async takeOut(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#strays.add(id);
    await this.#retryStrays();
  }

  async #detach(id: string): Promise<void> {
    await this.#manager.detachDevice(id, { timeoutMs: unplugTimeoutMs });
    await this.#manager.removeDevice(id);
  }

  async #retryStrays(): Promise<void> {
    for (const id of [...this.#strays]) {
      // Taken out of the list first, so that two that retry at once do not detach it twice.
      if (!this.#strays.delete(id)) continue;
      try {
        await this.#detach(id);
      } catch (error) {
        this.#strays.add(id);
        this.#logger.warn({ error, device: id }, 'the guest still holds a device that no container uses');
      }
    }
  }
}

/** A disk is plugged once, either read-only or not. */
function checkUse({ info: known, hostPath }: Device, wanted: DeviceInfo, mayBeWritable: boolean): void {
  const isReadOnly = known?.readOnly ?? false;
  const wantsReadOnly = wanted.readOnly ?? false;
  if (isReadOnly === wantsReadOnly || (wantsReadOnly && mayBeWritable)) return;
  throw new SandboxError(
    'invalid_options',
    `${hostPath} is ${isReadOnly ? 'read-only' : 'writable'} in another container of the sandbox`,
    { remedy: 'give it to all of them in the same way' },
  );
}
