// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { readPassedTests } from '../report/passed-tests.ts';

const metaSchema = z
  .object({
    agentAnswers: z
      .array(
        z.object({
          path: z.string(),
          status: z.int(),
          kind: z.enum(['fake', 'crun', 'guest']),
        }),
      )
      .optional(),
  })
  .optional();

/** An answer that a passed test has got. */
export interface SeenAnswer {
  /** Title of the test, with those of the groups around it. */
  readonly test: string;
  /** `/grpc.AgentService/CreateContainer`. */
  readonly path: string;
  /** Status of gRPC. */
  readonly status: number;
  readonly kind: 'fake' | 'crun' | 'guest';
}

/** What the passed tests of a run have seen, from a report of Vitest's JSON reporter. Throws when it is none. */
export async function readAnswers(reportPath: string): Promise<readonly SeenAnswer[]> {
  const passed = await readPassedTests(reportPath);
  return passed.flatMap(({ title, meta }) =>
    (metaSchema.parse(meta)?.agentAnswers ?? []).map((answer) => ({ test: title, ...answer })),
  );
}
