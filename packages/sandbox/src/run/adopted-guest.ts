// SPDX-License-Identifier: Apache-2.0
import type { AgentEndpoint } from '../agent-endpoint.ts';
import type { SurvivalRecord } from './survival-record.ts';

/** A guest that runs already, started by a process that is dead. */
export interface AdoptedGuest {
  readonly endpoint: AgentEndpoint;
  /** What that process has written down. */
  readonly survival: SurvivalRecord;
}
