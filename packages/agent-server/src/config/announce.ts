// SPDX-License-Identifier: Apache-2.0
import type { LogFields } from '../logging/logger.ts';
import type { AgentOptions } from './agent-options.ts';

/** The fields of the first log line: how long the program took to get there, and the values it works with. */
export function announcement(options: AgentOptions, address: string): LogFields {
  return {
    'init-mode': process.pid === 1,
    'ready-after-ms': Math.round(performance.now()),
    address,
    config: options,
  };
}
