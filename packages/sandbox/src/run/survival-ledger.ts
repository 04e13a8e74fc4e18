// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { ContainerRecord, RecordedContainerState } from '../container/container-record.ts';
import type { Logger } from '../logger.ts';
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

  /**
   * @param parts where to write
   * @param containers what is known already
   */
  constructor(parts: SurvivalLedgerParts, containers: readonly ContainerRecord[] = []) {
    this.#parts = parts;
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
  async noteState(id: string, state: RecordedContainerState): Promise<void> {
    const known = this.#containers.get(id);
    if (known !== undefined && known.state !== state) await this.note({ ...known, state });
  }

  /** A container is gone. Never rejects. */
  async forget(id: string): Promise<void> {
    if (this.#containers.delete(id)) await this.#orWarn(() => this.#write());
  }

  async #write(): Promise<void> {
    if (this.#vm === undefined) return;
    const { options, runDirectory } = this.#parts;
    const survival = { options, vm: this.#vm, containers: [...this.#containers.values()] };
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
