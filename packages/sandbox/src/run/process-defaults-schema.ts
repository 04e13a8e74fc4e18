// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** What further processes of a container start from, as the files of a run directory have it. */
export const processDefaultsSchema = z.object({
  env: z.array(z.string()),
  cwd: z.string(),
  user: z.looseObject({ uid: z.number(), gid: z.number() }),
  rlimits: z.array(z.object({ type: z.string(), soft: z.string(), hard: z.string() })).exactOptional(),
  noNewPrivileges: z.boolean().exactOptional(),
});
