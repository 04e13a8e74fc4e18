// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allCases } from './cases/all-cases.ts';
import type { Case } from './cases/case.ts';
import { Session } from './cases/session.ts';
import { findKnownDifference, knownDifferences } from './known-differences.ts';
import type { MatrixPair } from './matrix.ts';
import { matrixOf, missingOf, programOf } from './matrix.ts';
import { Pair } from './pair.ts';
import { buildPrograms } from './programs/build-program.ts';

const matrix = matrixOf(await buildPrograms());

async function play({ name, run }: Case, pair: Pair, { server }: MatrixPair): Promise<unknown> {
  const session = new Session({
    driver: pair.driver,
    server: pair.server,
    serverImplementation: server.implementation,
    name: name.replaceAll(' ', '-'),
  });
  const seen = await run(session);
  await session.end();
  return seen;
}

function judge(seen: unknown, { name, expected }: Case, { client, server }: MatrixPair): void {
  const difference = findKnownDifference(name, client.implementation, server.implementation);
  if (difference === undefined) {
    expect(seen).toEqual(expected);
  } else {
    const accepted = difference.sometimes === true ? [...difference.seen, expected] : difference.seen;
    expect(accepted, `no longer known: ${difference.reason}`).toContainEqual(seen);
  }
}

for (const between of matrix) {
  const missing = missingOf(between.client, between.server);
  const skipped = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')})`;

  describe(between.title, () => {
    const startPair = (): Promise<Pair> => Pair.start(programOf(between.client), programOf(between.server));
    let shared: Pair | undefined;

    beforeAll(async () => {
      if (missing.length === 0) shared = await startPair();
    });

    afterAll(async () => {
      await shared?.[Symbol.asyncDispose]();
    });

    for (const each of allCases) {
      test.skipIf(missing.length > 0)(`${each.name}${skipped}`, async () => {
        await using own = each.ownServer === true ? await startPair() : undefined;
        const pair = own ?? shared;
        if (pair === undefined) throw new Error('the pair was not started');
        judge(await play(each, pair, between), each, between);
      });
    }
  });
}

describe('the list of known differences', () => {
  test('names cases of the suite and differs from what they expect', () => {
    for (const { cases, seen } of knownDifferences) {
      for (const name of cases) {
        const known = allCases.find((each) => each.name === name);
        expect(known, name).toBeDefined();
        expect(seen).not.toContainEqual(known?.expected);
      }
    }
  });

  test('has no entry that another one hides', () => {
    const applied = new Set(
      matrix.flatMap(({ client, server }) =>
        allCases.map(({ name }) => findKnownDifference(name, client.implementation, server.implementation)),
      ),
    );
    expect(knownDifferences.filter((difference) => !applied.has(difference))).toEqual([]);
  });
});

test('the names of the cases are unique', () => {
  expect(new Set(allCases.map(({ name }) => name)).size).toBe(allCases.length);
});
