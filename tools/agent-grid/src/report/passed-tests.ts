// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), meta: z.unknown().optional() }),
      ),
    }),
  ),
});

/** A test that passed. */
export interface PassedTest {
  /** Absolute path of its file. */
  readonly file: string;
  /** Its title, with those of the groups around it. */
  readonly title: string;
  /** What it has noted about itself. */
  readonly meta: unknown;
}

/** The tests of a run that passed, from a report of Vitest's JSON reporter. Throws when it is none. */
export async function readPassedTests(reportPath: string): Promise<readonly PassedTest[]> {
  const { testResults } = reportSchema.parse(JSON.parse(await readFile(reportPath, 'utf8')));
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed')
      .map(({ fullName, meta }) => ({ file: name, title: fullName, meta })),
  );
}
