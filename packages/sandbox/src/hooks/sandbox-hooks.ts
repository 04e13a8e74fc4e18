// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../logger.ts';
import type { LinkControl } from '../network/guest-network.ts';
import type { HookPlace } from './open-hooks.ts';

/** The hypervisor, as hooks are told of it. */
interface Machine {
  pids(): { readonly vmm: number };
}

/** Where the hooks of a sandbox's containers run. */
export class SandboxHooks implements HookPlace {
  readonly logger: Logger;
  readonly endings = new Set<() => Promise<void>>();
  readonly links: LinkControl | undefined;
  readonly #machine: Machine | undefined;

  /**
   * @param logger hears of hooks that failed
   * @param machine absent: another process's, whose id is not known
   * @param links of the sandbox, if it has some that this process can change
   */
  constructor(logger: Logger, machine?: Machine, links?: LinkControl) {
    this.logger = logger;
    this.links = links;
    this.#machine = machine;
  }

  readonly vmmPid = (): number | undefined => {
    try {
      return this.#machine?.pids().vmm;
    } catch {
      // It has ended.
      return undefined;
    }
  };

  /** Runs what is due for containers that ended with the machine. Never rejects. */
  async runEndings(): Promise<void> {
    await Promise.all([...this.endings].map((run) => run()));
  }
}
