// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const gridColumns = ['good', 'errors', 'in guest', 'errors in guest'] as const;

/** A column of the grid. */
export type GridColumn = (typeof gridColumns)[number];

const exclusionsSchema = z.array(
  z.strictObject({
    rpc: z.string(),
    columns: z.array(z.enum(gridColumns)).min(1),
    reason: z.string().min(1),
  }),
);

/** Columns of a method that stay empty, and why. */
export type Exclusion = z.infer<typeof exclusionsSchema>[number];

/** Reads the one file of exclusions. */
export async function readExclusions(path: string): Promise<readonly Exclusion[]> {
  return exclusionsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}
