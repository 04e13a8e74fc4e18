// SPDX-License-Identifier: Apache-2.0
import type { WaitOptions } from '@hako/hypervisor';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { QmpError } from '../qmp/qmp-error.ts';
import { takeBack, type PlugUndo } from './plug-undo.ts';

/** One change of the machine that can be taken back. */
export interface PlugStep {
  readonly apply: (options: WaitOptions) => Promise<void>;
  /** Takes it back. Does nothing if the change is not there. */
  readonly revert: (options: WaitOptions) => Promise<void>;
  /** How it is taken back by a process that adopts the machine. Absent: it stays as it is then. */
  readonly undo?: PlugUndo;
}

/** A change by one command, which is taken back as `undo` says. */
export function plugStep(
  monitor: QmpClient,
  undo: PlugUndo,
  apply: (options: WaitOptions) => Promise<unknown>,
): PlugStep {
  return {
    async apply(options) {
      await apply(options);
    },
    revert: (options) => takeBack(monitor, undo, options),
    undo,
  };
}

/** Longest time for taking back the steps of a failed plug. The signal of the failure is of no use for that. */
const rollbackTimeoutMs = 10_000;

/** What {@link applySteps} throws if the machine is not as it was. */
export class RollbackError extends Error {
  /** Why the steps were taken back. */
  override readonly cause: unknown;
  /** Why that did not succeed. */
  readonly rollbackCause: unknown;

  constructor(cause: unknown, rollbackCause: unknown) {
    super('steps of a failed plug could not be taken back');
    this.name = 'RollbackError';
    this.cause = cause;
    this.rollbackCause = rollbackCause;
  }
}

/**
 * Takes the steps in order and then calls `finish`. If one fails, those before it are taken back in reverse order; so is
 * the failed one, unless QEMU refused it: an answer that was not waited for may still have been a yes.
 *
 * @throws RollbackError if taking back failed too; else what failed
 */
export async function applySteps<T>(
  steps: readonly PlugStep[],
  finish: (options: WaitOptions) => Promise<T> | T,
  options: WaitOptions,
): Promise<T> {
  const applied: PlugStep[] = [];
  try {
    for (const step of steps) {
      try {
        await step.apply(options);
      } catch (error) {
        if (!isRefusal(error)) applied.push(step);
        throw error;
      }
      applied.push(step);
    }
    return await finish(options);
  } catch (error) {
    try {
      await revertSteps(applied, { timeoutMs: rollbackTimeoutMs });
    } catch (rollbackError) {
      throw new RollbackError(error, rollbackError);
    }
    throw error;
  }
}

/** Takes steps back, the last one first. May be called again after a failure. */
export async function revertSteps(steps: readonly PlugStep[], options: WaitOptions): Promise<void> {
  for (const step of steps.toReversed()) await step.revert(options);
}

function isRefusal(error: unknown): boolean {
  return error instanceof QmpError && error.code === 'command_failed';
}
