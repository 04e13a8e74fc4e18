// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ProcessIdentity } from '@hako/hypervisor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { currentOwner, disown, inherit, isSame } from './ownership.ts';
import { readRecord, writeRecord, type SandboxStatus } from './sandbox-record.ts';

/** Processes that live and die as a test wants. */
class Population {
  readonly #living = new Set<string>();
  #next = 1;

  born(): ProcessIdentity {
    const identity = { pid: this.#next++, startTicks: '1' };
    this.#living.add(String(identity.pid));
    return identity;
  }

  dies({ pid }: ProcessIdentity): void {
    this.#living.delete(String(pid));
  }

  readonly isAlive = ({ pid }: ProcessIdentity): Promise<boolean> =>
    Promise.resolve(this.#living.has(String(pid)));
}

async function plant(path: string, owner: ProcessIdentity, status: SandboxStatus = 'running'): Promise<void> {
  await mkdir(path);
  await writeRecord(path, { version: 1, id: 'box', status, owner, createdAt: '2026-01-01T00:00:00.000Z' });
}

async function ownerOf(path: string): Promise<ProcessIdentity | undefined> {
  const record = await readRecord(path);
  return record === undefined ? undefined : (await currentOwner(path, record)).owner;
}

/** Lets others go first, so many times. */
async function hesitate(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
}

test('of any number of heirs that come at any time one inherits, from a dead owner only, generation after generation', async () => {
  const round = fc.record({
    dies: fc.boolean(),
    letsGo: fc.boolean(),
    heirs: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), async (rounds) => {
      await using root = await temporaryDirectory();
      const people = new Population();
      const path = join(root.path, 'box');
      let owner = people.born();
      await plant(path, owner);
      for (const { dies, letsGo, heirs } of rounds) {
        if (dies) people.dies(owner);
        const record = await readRecord(path);
        if (letsGo && record !== undefined) await disown(path, record);
        const heirsBorn = heirs.map((turns) => ({ turns, heir: people.born() }));
        const outcomes = await Promise.all(
          heirsBorn.map(async ({ turns, heir }) => {
            await hesitate(turns);
            return (await inherit(path, heir, people)) && heir;
          }),
        );
        const winners = outcomes.filter((heir) => heir !== undefined);
        expect(winners.length).toBe(dies || letsGo ? 1 : 0);
        owner = winners[0] ?? owner;
        const seen = await ownerOf(path);
        expect(seen !== undefined && isSame(seen, owner)).toBe(true);
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 10_000 },
  );
});

test('a directory that took the place of a dead one is never inherited, whenever the heirs have looked', async () => {
  const turns = fc.nat({ max: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(turns, { minLength: 1, maxLength: 4 }), turns, async (heirs, removal) => {
      await using root = await temporaryDirectory();
      const people = new Population();
      const path = join(root.path, 'box');
      const dead = people.born();
      await plant(path, dead);
      people.dies(dead);
      const successor = people.born();
      const replace = async (): Promise<void> => {
        await hesitate(removal);
        const remover = people.born();
        if ((await inherit(path, remover, people)) === undefined) return;
        await rename(path, join(root.path, 'aside'));
        await plant(path, successor);
      };
      const outcomes = await Promise.all([
        replace(),
        ...heirs.map(async (waits) => {
          await hesitate(waits);
          const heir = people.born();
          // Between the look and the claim, too.
          const slow = { isAlive: (who: ProcessIdentity) => hesitate(waits).then(() => people.isAlive(who)) };
          return (await inherit(path, heir, slow)) && heir;
        }),
      ]);
      const winners = outcomes.filter((heir) => heir !== undefined);
      const owner = await ownerOf(path);
      // Either an heir was first, or the successor is in the place and nobody has touched it.
      expect(owner).toEqual(winners[0] ?? successor);
      expect(winners.length).toBeLessThanOrEqual(1);
      if (winners.length === 0) expect(await readdir(path)).toEqual(['state.json']);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 10_000 },
  );
});

test.for([
  { name: 'by a remover that lives', claims: true },
  { name: 'by one that died at it', claims: false },
])(
  'what is set aside $name between look and claim is not inherited, nor what took its place',
  async ({ claims }) => {
    await using root = await temporaryDirectory();
    const people = new Population();
    const path = join(root.path, 'box');
    await plant(path, { pid: 999, startTicks: '1' });
    const successor = people.born();
    const isAlive = async (): Promise<boolean> => {
      if (claims) await inherit(path, people.born(), people);
      await rename(path, join(root.path, 'aside'));
      await plant(path, successor);
      return false;
    };
    expect(await inherit(path, people.born(), { isAlive })).toBeUndefined();
    expect(await readdir(path)).toEqual(['state.json']);
    expect(await ownerOf(path)).toEqual(successor);
    // It can be swept by anybody: no living process seems to own it.
    expect(await readdir(join(root.path, 'aside'))).toEqual([...(claims ? ['owner.2'] : []), 'state.json']);
  },
);

test.for<{
  readonly name: string;
  readonly status: SandboxStatus;
  readonly alive: boolean;
  readonly can: boolean;
}>([
  { name: 'running, owner alive', status: 'running', alive: true, can: false },
  { name: 'running, owner dead', status: 'running', alive: false, can: true },
  { name: 'stopping, owner alive', status: 'stopping', alive: true, can: false },
  { name: 'ended, owner alive', status: 'exited', alive: true, can: true },
  { name: 'ended, owner dead', status: 'failed', alive: false, can: true },
])('$name: inherited $can', async ({ status, alive, can }) => {
  await using root = await temporaryDirectory();
  const people = new Population();
  const path = join(root.path, 'box');
  const owner = people.born();
  await plant(path, owner, status);
  if (!alive) people.dies(owner);
  expect((await inherit(path, people.born(), people)) !== undefined).toBe(can);
  // Whoever is about to remove it is not disturbed.
  expect(await inherit(path, people.born(), people)).toBeUndefined();
});

test('nothing, a directory of somebody else and one that is on its way out are not inherited', async () => {
  await using root = await temporaryDirectory();
  const people = new Population();
  expect(await inherit(join(root.path, 'nothing'), people.born(), people)).toBeUndefined();
  await mkdir(join(root.path, 'photos'));
  await writeFile(join(root.path, 'photos', 'cat'), '');
  expect(await inherit(join(root.path, 'photos'), people.born(), people)).toBeUndefined();
  expect(await readdir(join(root.path, 'photos'))).toEqual(['cat']);
});
