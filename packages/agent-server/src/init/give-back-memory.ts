// SPDX-License-Identifier: Apache-2.0
import { pageOutFile } from '@hako/linux';
import type { Logger } from '../logging/logger.ts';

/** By then the start, and what the host asks for at once, are over. */
const delayMs = 10_000;

/** What {@link giveBackMemory} works with. */
export interface MemoryComponents {
  readonly logger: Logger;
  /** Default: of the kernel. */
  readonly pageOut?: (path: string) => number;
}

/**
 * Gives the guest, some time after the start, the memory of the agent's program back: more than half of what the agent
 * holds, nearly all of it needed by the start alone. What is used later is read again from the root image.
 *
 * @returns calls it off when disposed
 */
export function giveBackMemory({ logger, pageOut = pageOutFile }: MemoryComponents): Disposable {
  const timer = setTimeout(() => {
    try {
      const addressBytes = pageOut(process.execPath);
      logger.debug({ addressBytes }, 'memory of the program given back');
    } catch (error) {
      logger.warn({ error }, 'memory of the program cannot be given back');
    }
  }, delayMs).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
