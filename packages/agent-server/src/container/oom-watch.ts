// SPDX-License-Identifier: Apache-2.0
import type { ContainerCgroup } from '../cgroup/container-cgroup.ts';

/** A look-out for the first process of a container that is killed for want of memory. */
export interface OomWatch extends Disposable {
  /** Whether the kernel does not tell of events, so that {@link OomWatch.check} must be called now and then. */
  readonly isDeaf: boolean;
  /** Looks now; what goes wrong is given to the error handler. */
  check(): Promise<void>;
}

/**
 * Watches a cgroup for its first kill for want of memory.
 *
 * @param report - called at most once
 */
export function watchOom(
  cgroup: Pick<ContainerCgroup, 'oomKills' | 'onMemoryEvent'>,
  report: () => void,
  onError: (error: unknown) => void,
): OomWatch {
  let isOver = false;
  let events: Disposable | undefined = undefined;

  function end(): void {
    isOver = true;
    events?.[Symbol.dispose]();
    events = undefined;
  }

  async function check(): Promise<void> {
    try {
      const kills = await cgroup.oomKills();
      if (isOver || kills === undefined || kills === 0n) return;
      end();
      report();
    } catch (error) {
      onError(error);
    }
  }

  events = cgroup.onMemoryEvent(() => void check());
  return { isDeaf: events === undefined, check, [Symbol.dispose]: end };
}
