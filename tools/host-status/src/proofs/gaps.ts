// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const schema = z.array(
  z.strictObject({
    rows: z.array(z.string()).min(1),
    /** `guest`: seen with fakes only. `everywhere`: not seen at all. */
    lacks: z.enum(['guest', 'everywhere']),
    reason: z.string().min(1),
    /** The reason is the machine of the tests: another one may have what it takes. */
    isLocal: z.literal(true).optional(),
  }),
);

/** Rows that lack a proof, and why. */
export type KnownGap = z.infer<typeof schema>[number];

/** Reads the one file of reasons. */
export async function readGaps(path: string): Promise<readonly KnownGap[]> {
  return schema.parse(JSON.parse(await readFile(path, 'utf8')));
}
