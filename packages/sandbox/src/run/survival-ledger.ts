// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { ContainerRecord, RecordedContainerState } from '../container/container-record.ts';
import type { DeviceBooks } from '../devices/device-books.ts';
import type { Logger } from '../logger.ts';
import type { RoomPromise } from '../resources/promised-resources.ts';
import type { RunDirectory } from './run-directory.ts';
import type { SurvivalRecord } from './survival-record.ts';

/** What a {@link SurvivalLedger} writes to. */
export interface SurvivalLedgerParts {
  readonly runDirectory: RunDirectory;
  readonly vm: VirtualMachine;
  readonly options: SurvivalRecord['options'];
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Writes down what another process needs to go on with a sandbox, as it changes. A record that cannot be written costs the
 * sandbox its survival, not its life.
 */
export class SurvivalLedger {
  readonly #parts: SurvivalLedgerParts;
  readonly #containers = new Map<string, ContainerRecord>();
  #vm: SurvivalRecord['vm'] | undefined;
  #promised: readonly RoomPromise[];
  #devices: DeviceBooks | undefined;

  /**
   * @param parts where to write
   * @param before what a former owner has written
   */
  constructor(
    parts: SurvivalLedgerParts,
    { containers = [], promised = [], devices }: Partial<SurvivalRecord> = {},
  ) {
    this.#parts = parts;
    this.#promised = promised;
    this.#devices = devices;
    for (const container of containers) this.#containers.set(container.id, container);
  }

  /** Begins: from now on every change is written. To be called once, when the guest answers. */
  async open(): Promise<void> {
    this.#vm = await this.#parts.vm.record();
    await this.#write();
  }

  /** The devices of the machine have changed. Never rejects. */
  async noteMachine(): Promise<void> {
    if (this.#vm === undefined) return;
    await this.#orWarn(async () => {
      this.#vm = await this.#parts.vm.record();
      await this.#write();
    });
  }

  /** Writes what is known of a container, new or not. Never rejects. */
  async note(record: ContainerRecord): Promise<void> {
    this.#containers.set(record.id, record);
    await this.#orWarn(() => this.#write());
  }

  /** Writes where a container is in its life; one that is not known is left alone. Never rejects. */
  async noteState(id: string, state: RecordedContainerState, exitCode?: number): Promise<void> {
    const known = this.#containers.get(id);
    if (known !== undefined && known.state !== state)
      await this.note({ ...known, state, ...(exitCode === undefined ? {} : { exitCode }) });
  }

  /** A container is gone. Never rejects. */
  async forget(id: string): Promise<void> {
    if (this.#containers.delete(id)) await this.#orWarn(() => this.#write());
  }

  /** Writes what containers are promised of the machine. Never rejects. */
  async notePromises(promised: readonly RoomPromise[]): Promise<void> {
    this.#promised = promised;
    await this.#orWarn(() => this.#write());
  }

  /** Writes which devices containers have. Never rejects. */
  async noteDevices(devices: DeviceBooks): Promise<void> {
    this.#devices = devices;
    await this.#orWarn(() => this.#write());
  }

  async #write(): Promise<void> {
    if (this.#vm === undefined) return;
    const { options, runDirectory } = this.#parts;
    const survival = {
      ...{ options, vm: this.#vm, promised: this.#promised },
      containers: [...this.#containers.values()],
      ...(this.#devices && { devices: this.#devices }),
    };
    await runDirectory.update({ survival });
  }

  async #orWarn(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.logger.warn(
        { error },
        'the sandbox cannot be written down and might not survive its owner',
      );
    }
  }
}
