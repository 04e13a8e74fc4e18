// SPDX-License-Identifier: Apache-2.0
import type { LogFields } from '../logging/logger.ts';
import type { AgentOptions } from './agent-options.ts';

/** The fields of the first log line: which agent this is and the values it works with. */
export function announcement(version: string, options: AgentOptions): LogFields {
  return { 'agent-version': version, 'init-mode': process.pid === 1, config: options };
}
