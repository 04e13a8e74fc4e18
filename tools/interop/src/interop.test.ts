// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allCases } from './cases/all-cases.ts';
import type { Case } from './cases/case.ts';
import { Session } from './cases/session.ts';
import { findKnownDifference, knownDifferences } from './known-differences.ts';
import { Pair } from './pair.ts';
import { buildPrograms } from './programs/build-program.ts';
import type { Availability, Implementation, Program } from './programs/program.ts';
import { onOneThread } from './programs/program.ts';

const programs = await buildPrograms();

/** One end of a pair. */
interface End {
  readonly implementation: Implementation;
  readonly title: string;
  readonly available: Availability;
}

const ends: Readonly<Record<'go' | 'rust' | 'manyThreads' | 'hako', End>> = {
  go: { implementation: 'go', title: 'Go', available: programs.go },
  rust: { implementation: 'rust', title: 'Rust', available: onOneThreadWhere(programs.rust) },
  manyThreads: { implementation: 'rust', title: 'Rust (many threads)', available: programs.rust },
  hako: { implementation: 'hako', title: 'our', available: programs.hako },
};

// The reference pairs come first: they show that the suite is right before it judges ours.
const pairs = [
  { client: ends.go, server: ends.go },
  { client: ends.rust, server: ends.rust },
  { client: ends.go, server: ends.rust },
  { client: ends.rust, server: ends.go },
  { client: ends.hako, server: ends.hako },
  { client: ends.hako, server: ends.go },
  { client: ends.hako, server: ends.rust },
  { client: ends.go, server: ends.hako },
  { client: ends.rust, server: ends.hako },
  { client: ends.manyThreads, server: ends.hako },
].map((pair) => ({ ...pair, title: `${pair.client.title} client, ${pair.server.title} server` }));

function onOneThreadWhere(available: Availability): Availability {
  return 'missing' in available ? available : { program: onOneThread(available.program) };
}

function programOf({ available }: End): Program {
  if ('missing' in available) throw new Error(available.missing);
  return available.program;
}

describe.each(pairs)('$title', ({ client, server }) => {
  const missing = [client, server].flatMap(({ available }) =>
    'missing' in available ? [available.missing] : [],
  );
  const skipped = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')})`;
  let shared: Pair;

  beforeAll(async () => {
    if (missing.length === 0) shared = await Pair.start(programOf(client), programOf(server));
  });

  afterAll(async () => {
    if (missing.length === 0) await shared[Symbol.asyncDispose]();
  });

  async function play({ name, ownServer, run }: Case): Promise<unknown> {
    await using own = ownServer === true ? await Pair.start(programOf(client), programOf(server)) : undefined;
    const pair = own ?? shared;
    const session = new Session({
      driver: pair.driver,
      server: pair.server,
      serverImplementation: server.implementation,
      name: name.replaceAll(' ', '-'),
    });
    const seen = await run(session);
    if (own === undefined) await session.end();
    return seen;
  }

  test.skipIf(missing.length > 0).for(allCases.map((each) => ({ each, title: `${each.name}${skipped}` })))(
    '$title',
    async ({ each }) => {
      const seen = await play(each);
      const difference = findKnownDifference(each.name, client.implementation, server.implementation);
      if (difference === undefined) {
        expect(seen).toEqual(each.expected);
      } else {
        const accepted =
          difference.sometimes === true ? [...difference.seen, each.expected] : difference.seen;
        expect(accepted, `no longer known: ${difference.reason}`).toContainEqual(seen);
      }
    },
  );
});

test('every known difference names cases of the suite and differs from what they expect', () => {
  for (const { cases, seen } of knownDifferences) {
    for (const name of cases) {
      const known = allCases.find((each) => each.name === name);
      expect(known, name).toBeDefined();
      expect(seen).not.toContainEqual(known?.expected);
    }
  }
});

test('the names of the cases are unique', () => {
  expect(new Set(allCases.map(({ name }) => name)).size).toBe(allCases.length);
});
