// SPDX-License-Identifier: Apache-2.0
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
  readonly command: readonly string[];
  /** What further programs in it start from. */
  readonly process: ProcessDefaults;
  readonly terminal: boolean;
  /** Whether its program reads end-of-input at once. */
  readonly closeStdin: boolean;
  /** Names of what is shared for it. */
  readonly shares: readonly string[];
}
