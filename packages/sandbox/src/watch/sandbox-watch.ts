// SPDX-License-Identifier: Apache-2.0
import type { RunDirectory } from '../run/run-directory.ts';
import { Monitor, type MonitorOptions, type MonitorParts } from './monitor.ts';
import { OomWatch } from './oom-watch.ts';
import type { GuestAgent } from '../process/guest-agent.ts';

/** What a {@link SandboxWatch} looks after. */
export interface SandboxWatchParts extends MonitorParts {
  readonly agent: Pick<GuestAgent, 'check' | 'getOOMEvent'>;
  /** Keeps which containers ran out of memory. */
  readonly runDirectory: RunDirectory;
  /** How agent and hypervisor are looked after; `false`: not at all. */
  readonly monitor: MonitorOptions | false | undefined;
}

/** Everything that is looked after in a running sandbox; disposal ends it all. */
export class SandboxWatch implements Disposable {
  /** Containers that run out of memory. */
  readonly oom = new OomWatch();
  #monitor: Monitor | undefined;

  /**
   * Begins; to be called once, when the agent answers.
   * @param parts what to look after
   */
  begin(parts: SandboxWatchParts): void {
    const { runDirectory, monitor = {} } = parts;
    this.oom.onOom(() => {
      // A record that cannot be written is not worth a sandbox.
      runDirectory.update({ oomKilled: this.oom.containerIds }).catch(() => undefined);
    });
    this.oom.start(parts);
    if (monitor !== false) this.#monitor = new Monitor(parts, monitor);
  }

  [Symbol.dispose](): void {
    this.oom[Symbol.dispose]();
    this.#monitor?.[Symbol.dispose]();
  }
}
