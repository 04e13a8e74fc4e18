// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type VirtualMachine } from '@hako/hypervisor';

import type { Logger } from '../logger.ts';
import type { GrowthAgent } from '../process/guest-agent.ts';
import { lastNumber } from './last-number.ts';
import { plugTimeoutMs } from './plug-timeout.ts';

/** The CPUs of a running machine. */
export interface VcpuPoolParts {
  readonly vm: Pick<VirtualMachine, 'plug' | 'unplug' | 'pluggedDevices'>;
  readonly logger: Logger;
  /** CPUs at boot. */
  readonly vcpus: number;
}

/** CPUs that come and go, each by itself, so that each can go. */
export class VcpuPool {
  readonly #parts: VcpuPoolParts;
  readonly #plugged: string[];
  #made: number;
  /** As many as the guest was told to use by this process. */
  #online: number;
  /** Whether the driver has said that CPUs stay. */
  #keepsCpus = false;

  constructor(parts: VcpuPoolParts) {
    this.#parts = parts;
    // Those that a former owner has plugged, in their order.
    this.#plugged = parts.vm.pluggedDevices.flatMap(({ device: { kind, id } }) =>
      kind === 'vcpus' ? [id] : [],
    );
    this.#made = lastNumber(this.#plugged);
    this.#online = parts.vcpus;
  }

  /** CPUs that the machine has. */
  get vcpus(): number {
    return this.#parts.vcpus + this.#plugged.length;
  }

  /**
   * Plugs what is missing and has the guest use it. Errors: those of `VirtualMachine.plug` and of the agent; what came by
   * then stays, and is used the next time.
   */
  async grow(wanted: number, agent: GrowthAgent, signal: AbortSignal): Promise<void> {
    while (this.vcpus < wanted) {
      const id = `vcpu-${(this.#made += 1)}`;
      await this.#parts.vm.plug({ kind: 'vcpus', id, count: 1 }, { signal, timeoutMs: plugTimeoutMs });
      this.#plugged.push(id);
    }
    if (this.vcpus <= this.#online) return;
    await agent.onlineCPUMem({ nbCpus: this.vcpus, cpuOnly: true }, { signal });
    this.#online = this.vcpus;
  }

  /** Takes out what is surplus, the newest first. A guest or a driver that keeps one keeps the rest too: they are used again. */
  async shrink(wanted: number, signal: AbortSignal): Promise<void> {
    if (this.#keepsCpus) return;
    for (let id = this.#plugged.at(-1); id !== undefined && this.vcpus > wanted; id = this.#plugged.at(-1)) {
      try {
        await this.#parts.vm.unplug(id, { signal, timeoutMs: plugTimeoutMs });
      } catch (error) {
        this.#keepsCpus = HypervisorError.is(error) && error.code === 'unsupported';
        if (!signal.aborted) {
          this.#parts.logger.info({ error, vcpus: this.vcpus, wanted }, 'surplus CPUs stay in the machine');
        }
        return;
      }
      this.#plugged.pop();
      this.#online = Math.min(this.#online, this.vcpus);
    }
  }
}
