// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { SandboxOptions } from '../sandbox-options.ts';
import { notedMachine } from './noted-machine.ts';
import { SurvivalLedger, type SurvivalLedgerParts } from './survival-ledger.ts';

/** A machine whose changes are written down. */
export interface LedgerAndMachine {
  readonly vm: VirtualMachine;
  readonly ledger: SurvivalLedger;
}

/**
 * Prepares the books of a sandbox that survives its owner.
 * @param machine its machine
 * @param options what it is made from; what is no data does not outlive this process
 * @param parts where to write
 */
export function openLedger(
  machine: VirtualMachine,
  options: SandboxOptions,
  parts: Pick<SurvivalLedgerParts, 'logger' | 'runDirectory'>,
): LedgerAndMachine {
  const data: unknown = JSON.parse(JSON.stringify({ ...options, signal: undefined }));
  const ledger = new SurvivalLedger({ ...parts, vm: machine, options: { ...(data ?? {}) } });
  return { vm: notedMachine(machine, () => ledger.noteMachine()), ledger };
}
