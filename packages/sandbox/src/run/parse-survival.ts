// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

import { processDefaultsSchema } from './process-defaults-schema.ts';
import type { SurvivalRecord } from './survival-record.ts';

const container = z.object({
  id: z.string().min(1),
  state: z.enum(['creating', 'created', 'starting', 'running', 'paused', 'stopped', 'removing']),
  command: z.array(z.string()),
  process: processDefaultsSchema,
  terminal: z.boolean(),
  closeStdin: z.boolean(),
  shares: z.array(z.string()),
});

const survival = z.object({
  options: z.record(z.string(), z.unknown()),
  vm: z.object({
    driver: z.string(),
    version: z.number(),
    process: z.object({ pid: z.int().positive(), startTicks: z.string() }),
    state: z.unknown(),
  }),
  containers: z.array(container),
});

/**
 * Reads what was written down of a sandbox that outlives its owner; `undefined` when it cannot be understood.
 * @param value as it is in the record
 */
export function parseSurvival(value: unknown): SurvivalRecord | undefined {
  const { data } = survival.safeParse(value);
  return data;
}
