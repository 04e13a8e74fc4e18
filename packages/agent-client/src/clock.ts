// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

/** Waiting, as far as this package needs it. */
export interface Clock {
  /** Resolves after `ms` milliseconds; rejects with the signal's reason, or an error made of it, when it aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};
