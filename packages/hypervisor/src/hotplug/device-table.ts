// SPDX-License-Identifier: Apache-2.0
import type { Deadline } from '../deadline.ts';
import { HypervisorError } from '../hypervisor-error.ts';

type Row<Entry> =
  | { readonly name: 'plugging' }
  | { readonly name: 'plugged'; readonly entry: Entry }
  | { readonly name: 'unplugging'; readonly entry: Entry };

/**
 * Which devices one machine has, by id; shared by the drivers and the fake. Different devices come and go at the same
 * time, one device does one thing at a time.
 */
export class DeviceTable<Entry> {
  readonly #vmId: string;
  readonly #coldIds: ReadonlySet<string>;
  readonly #rows = new Map<string, Row<Entry>>();
  /** Ends when the last plug has ended. */
  #lastPlug: Promise<unknown> = Promise.resolve();

  /** @param coldIds - Ids of devices that were there at boot: taken, and not to be unplugged. */
  constructor(vmId: string, coldIds: Iterable<string>) {
    this.#vmId = vmId;
    this.#coldIds = new Set(coldIds);
  }

  /** Those that are plugged, also while they are being unplugged. */
  get entries(): readonly Entry[] {
    return [...this.#rows.values()].flatMap((row) => (row.name === 'plugging' ? [] : [row.entry]));
  }

  /**
   * Holds the id while `work` plugs the device and enters what it answers; works of one machine run one after the other,
   * so that each sees what is there. `work` may call `keep` before it rejects: then
   * something of the device is left in the machine, and the id stays taken until it is unplugged.
   *
   * @throws HypervisorError `device_exists` | the deadline's reason, when it passes before `work` has begun
   */
  async plug(
    id: string,
    deadline: Deadline,
    work: (keep: (entry: Entry) => void) => Promise<Entry>,
  ): Promise<Entry> {
    if (this.#coldIds.has(id) || this.#rows.has(id)) {
      throw new HypervisorError('device_exists', `vm ${this.#vmId} has a device ${id} already`, {
        operand: id,
      });
    }
    let row: Row<Entry> | undefined;
    this.#rows.set(id, { name: 'plugging' });
    try {
      const entry = await this.#inTurn(deadline, () =>
        work((left) => (row = { name: 'plugged', entry: left })),
      );
      row = { name: 'plugged', entry };
      return entry;
    } finally {
      if (row === undefined) this.#rows.delete(id);
      else this.#rows.set(id, row);
    }
  }

  /** Enters a device that another process has plugged. */
  adopt(id: string, entry: Entry): void {
    this.#rows.set(id, { name: 'plugged', entry });
  }

  /** A plugged device. @throws HypervisorError `device_missing` | `invalid_state` while it comes or goes */
  find(id: string): Entry {
    return this.#plugged(id).entry;
  }

  /**
   * Lets `work` unplug a device and forgets it; if that fails the device stays.
   *
   * @throws HypervisorError `device_missing` | `invalid_state` while the device is being plugged or unplugged
   */
  async unplug(id: string, work: (entry: Entry) => Promise<void>): Promise<void> {
    const row = this.#plugged(id);
    this.#rows.set(id, { name: 'unplugging', entry: row.entry });
    try {
      await work(row.entry);
      this.#rows.delete(id);
    } catch (error) {
      this.#rows.set(id, row);
      throw error;
    }
  }

  async #inTurn<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
    const before = this.#lastPlug;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#lastPlug = before.then(() => promise);
    try {
      await deadline.race(before);
      deadline.signal.throwIfAborted();
      return await work();
    } finally {
      resolve(undefined);
    }
  }

  #plugged(id: string): Extract<Row<Entry>, { name: 'plugged' }> {
    const row = this.#rows.get(id);
    if (row === undefined) {
      throw new HypervisorError('device_missing', `vm ${this.#vmId} has no plugged device ${id}`, {
        operand: id,
      });
    }
    if (row.name !== 'plugged') {
      throw new HypervisorError('invalid_state', `device ${id} of vm ${this.#vmId} is ${row.name}`, {
        operand: id,
      });
    }
    return row;
  }
}
