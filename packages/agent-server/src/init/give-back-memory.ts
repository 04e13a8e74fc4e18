// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pageOutFile } from '@hako/linux';
import type { Logger } from '../logging/logger.ts';

/** How often the agent looks at what it has done. */
const intervalMs = 10_000;

/** Less work than this in an interval is none. */
const idleCpuMs = 500;

/** What {@link giveBackMemory} works with; all but the logger default to those of this process. */
export interface MemoryComponents {
  readonly logger: Logger;
  /** Gives the memory of a mapped file back. */
  readonly pageOut?: (path: string) => number;
  readonly collectGarbage?: () => void;
  /** Processor time used so far. */
  readonly cpuMs?: () => number;
}

/** V8 collects when memory gets short, which may be never; no flag of the start has to be set for this. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Gives memory back to the guest while there is nothing to do: garbage each time the agent comes to rest, and the first
 * time the memory of its program, more than half of what the agent holds and nearly all of it needed by the start alone.
 * What is used later is read again from the root image.
 *
 * @returns calls it off when disposed
 */
export function giveBackMemory(components: MemoryComponents): Disposable {
  const { logger, pageOut = pageOutFile, cpuMs = processCpuMs } = components;
  const collect = components.collectGarbage ?? collectGarbage;
  let hasPagedOut = false;
  let hasWorked = true;
  let seenCpuMs = cpuMs();

  function giveBack(): void {
    try {
      collect();
      if (hasPagedOut) return;
      hasPagedOut = true;
      pageOut(process.execPath);
    } catch (error) {
      logger.warn({ error }, 'memory cannot be given back');
    }
  }

  function look(): void {
    const isIdle = cpuMs() - seenCpuMs < idleCpuMs;
    if (isIdle && hasWorked) giveBack();
    hasWorked = !isIdle;
    // After the work of giving back, which is none that leaves garbage.
    seenCpuMs = cpuMs();
  }

  const timer = setInterval(look, intervalMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
