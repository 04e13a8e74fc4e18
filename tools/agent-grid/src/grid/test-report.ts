// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          meta: z
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
            .optional(),
        }),
      ),
    }),
  ),
});

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
  const report = reportSchema.parse(JSON.parse(await readFile(reportPath, 'utf8')));
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed')
    .flatMap(({ fullName, meta }) =>
      (meta?.agentAnswers ?? []).map((answer) => ({ test: fullName, ...answer })),
    );
}
