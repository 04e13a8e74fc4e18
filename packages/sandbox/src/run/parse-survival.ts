// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

import type { ProcessDefaults } from '../container/exec-process.ts';
import { deviceBooksSchema } from '../devices/device-books-schema.ts';
import { isProcessDefaults } from './is-process-defaults.ts';
import type { SurvivalRecord } from './survival-record.ts';

const hook = z.strictObject({
  path: z.string(),
  args: z.array(z.string()).exactOptional(),
  env: z.array(z.string()).exactOptional(),
  timeout: z.number().exactOptional(),
});

const hooks = z.strictObject({
  ociVersion: z.string(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  bundle: z.string().startsWith('/'),
  poststart: z.array(hook),
  poststop: z.array(hook),
});

const container = z.object({
  id: z.string().min(1),
  state: z.enum(['creating', 'created', 'starting', 'running', 'paused', 'stopped', 'removing']),
  exitCode: z.int().exactOptional(),
  command: z.array(z.string()),
  process: z.custom<ProcessDefaults>(isProcessDefaults),
  terminal: z.boolean(),
  closeStdin: z.boolean(),
  shares: z.array(z.string()),
  hostCpus: z.string().exactOptional(),
  hooks: hooks.exactOptional(),
});

const promise = z.object({
  containerId: z.string().min(1),
  resources: z.strictObject({
    cpu: z
      .strictObject({
        quota: z.number().exactOptional(),
        period: z.number().exactOptional(),
        cpus: z.string().exactOptional(),
      })
      .exactOptional(),
    memory: z
      .strictObject({
        limit: z.number().exactOptional(),
        swap: z.number().exactOptional(),
        swappiness: z.number().exactOptional(),
      })
      .exactOptional(),
    hugepageLimits: z.array(z.strictObject({ pageSize: z.string(), limit: z.number() })).exactOptional(),
  }),
  volumes: z
    .array(
      z.strictObject({ mountPoint: z.string().startsWith('/'), groupId: z.int().positive().exactOptional() }),
    )
    .exactOptional(),
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
  promised: z.array(promise).exactOptional(),
  devices: deviceBooksSchema.exactOptional(),
});

/**
 * Reads what was written down of a sandbox that outlives its owner; `undefined` when it cannot be understood.
 * @param value as it is in the record
 */
export function parseSurvival(value: unknown): SurvivalRecord | undefined {
  const { data } = survival.safeParse(value);
  return data;
}
