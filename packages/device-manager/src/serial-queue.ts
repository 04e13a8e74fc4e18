// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from './device-manager-error.ts';

/** Most operations that may wait for one device; one more fails with `queue_overflow`. */
const maxWaiting = 1024;

/** Runs operations one after the other, in the order they were asked for. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Runs an operation when those before it have ended, however they ended. */
  async run<T>(operation: () => Promise<T> | T): Promise<T> {
    if (this.#waiting >= maxWaiting) {
      throw new DeviceManagerError(
        'queue_overflow',
        `more than ${maxWaiting} operations wait for one device`,
      );
    }
    this.#waiting += 1;
    const result = this.#last.then(operation).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = result.catch(() => undefined);
    return await result;
  }
}
