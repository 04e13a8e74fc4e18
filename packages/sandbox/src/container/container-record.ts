// SPDX-License-Identifier: Apache-2.0
import type { DueHooks } from '../hooks/due-hooks.ts';
import type { ProcessDefaults } from './exec-process.ts';

/**
 * Where a recorded container is in its life. What ends in `-ing` is written before it is done: whoever finds it there
 * goes back (`creating`) or goes on (`starting`, `removing`).
 */
export type RecordedContainerState =
  'creating' | 'created' | 'starting' | 'running' | 'paused' | 'stopped' | 'removing';

/** What another process has to know of a container to go on with it. */
export interface ContainerRecord {
  readonly id: string;
  readonly state: RecordedContainerState;
  /** How its program ended; there if it is `stopped`. The agent may not tell it twice. */
  readonly exitCode?: number;
  readonly command: readonly string[];
  /** What further programs in it start from. */
  readonly process: ProcessDefaults;
  readonly terminal: boolean;
  /** Whether its program reads end-of-input at once. */
  readonly closeStdin: boolean;
  /** Names of what is shared for it. */
  readonly shares: readonly string[];
  /** CPUs of the host that its specification lists; absent: none. */
  readonly hostCpus?: string;
  /** Hooks of its bundle that are still due; absent: there are none. */
  readonly hooks?: DueHooks;
}
