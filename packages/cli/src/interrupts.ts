// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

import { endSignals, type EndSignal, type OnSignal } from './console-streams.ts';
import { exitCodes } from './exit-codes.ts';

/** What a signal to us means once the workload runs. */
export interface RunningWorkload {
  /** Passes the signal on. */
  forward(name: EndSignal): void;
  /** Ends the workload and its machine, whatever it wants. */
  tearDown(): void;
}

/** Follows the signals that end a program through the phases of a run. */
export interface Interrupts extends Disposable {
  /** Fires at the first signal that comes before the workload runs. */
  readonly signal: AbortSignal;
  /** 128 plus the number of the signal that ended the run; `undefined` when none did. */
  readonly exitCode: number | undefined;
  /**
   * From now on the first signal goes to the workload, and the second one ends it. A signal that came before, too late to keep
   * the workload from running, ends it at once.
   */
  handOver(workload: RunningWorkload): void;
}

/**
 * Subscribes to the signals that end a program, until disposed of.
 * @param onSignal how to subscribe
 * @param graceMs how long a workload may live after a signal was passed on; default: until a second one comes
 */
export function watchInterrupts(onSignal: OnSignal, graceMs?: number): Interrupts {
  const controller = new AbortController();
  let workload: RunningWorkload | undefined;
  let forwarded = false;
  let exitCode: number | undefined;
  let grace: NodeJS.Timeout | undefined;
  const endBy = (name: EndSignal): void => {
    exitCode ??= exitCodes.signalBase + constants.signals[name];
  };
  const receive = (name: EndSignal): void => {
    if (workload === undefined) {
      endBy(name);
      controller.abort(new Error(name));
    } else if (forwarded) {
      endBy(name);
      workload.tearDown();
    } else {
      forwarded = true;
      workload.forward(name);
      if (graceMs !== undefined) grace = setTimeout(() => workload?.tearDown(), graceMs);
    }
  };
  const unsubscribe = endSignals.map((name) => onSignal(name, () => receive(name)));
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    handOver(running) {
      workload = running;
      if (controller.signal.aborted) running.tearDown();
    },
    [Symbol.dispose]() {
      clearTimeout(grace);
      for (const end of unsubscribe) end();
    },
  };
}
