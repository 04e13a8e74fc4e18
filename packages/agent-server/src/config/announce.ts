// SPDX-License-Identifier: Apache-2.0
import { GRPC_API_VERSION } from '@hako/protocols';
import type { LogFields } from '../logging/logger.ts';
import type { AgentOptions } from './agent-options.ts';
import { optionsWithoutEffect } from './options-without-effect.ts';

/**
 * The fields of the first log line: how long the program took to get there, the values it works with, and those that were
 * set in vain.
 */
export function announcement(options: AgentOptions, address: string): LogFields {
  const inVain = optionsWithoutEffect(options);
  return {
    'api-version': GRPC_API_VERSION,
    'init-mode': process.pid === 1,
    'ready-after-ms': Math.round(performance.now()),
    address,
    config: options,
    'without-effect': inVain.length === 0 ? undefined : inVain,
  };
}
