// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { resolveCacheDirectory, type PhaseName, type SandboxOptions } from '@hako/sandbox';
import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { namespacePair } from './testing/namespace-pair.ts';
import { startDoomed } from './testing/real-doomed.ts';
import { realHako, type RealHako } from './testing/real-hako.ts';
import { watchMachines } from './testing/watch-machines.ts';

const consoles = 'hako-kill';
const obstacle = await machineObstacle();

const command = ['sh', '-c', 'echo ready; exec sleep 1000'];

/** What was on its way when the process died, a tool for instance, is gone within this. */
const soon = { timeout: 30_000, interval: 20 };

/** Dies at a step and looks at what other processes see then. */
async function dieAt(
  hako: RealHako,
  step: PhaseName,
  { afterMs = 0, ...options }: SandboxOptions & { readonly afterMs?: number } = {},
): Promise<string> {
  const owner = startDoomed(hako, { step, afterMs, command, options: { id: 'box', ...options } });
  expect(await owner.ended).toBe('SIGKILL');
  return (await hako.run('ps')).stdout;
}

describe.skipIf(obstacle !== '')(`a killed owner${obstacle}`, () => {
  watchMachines(consoles);

  // The name is the same each time: it is free again for the next one.
  test.for<{ readonly step: PhaseName; readonly afterMs?: number }>([
    { step: 'prepare host' },
    { step: 'claim name' },
    { step: 'start file sharing', afterMs: 15 },
    { step: 'start virtual machine', afterMs: 5 },
    { step: 'boot guest' },
    { step: 'plug file sharing' },
    { step: 'create sandbox' },
    { step: 'share container files', afterMs: 10 },
    { step: 'write record' },
    { step: 'create container' },
    { step: 'start container' },
    { step: 'teardown' },
    { step: 'end guest' },
    { step: 'take back' },
    { step: 'remove run directory' },
  ])(
    'at "$step" leaves nothing, and `hako ps` says so [proves killed at any step]',
    async ({ step, afterMs = 0 }) => {
      await using hako = await realHako(consoles);
      expect(await dieAt(hako, step, { afterMs })).toMatch(/^NAME[^\n]*\n$/);
      await expect.poll(() => hako.leftovers(), soon).toEqual([]);
    },
  );

  test.for<{ readonly step: PhaseName; readonly afterMs?: number }>([
    { step: 'attach network', afterMs: 30 },
    { step: 'start container' },
  ])('at "$step" leaves a network namespace as it was', async ({ step, afterMs = 0 }) => {
    await using hako = await realHako(consoles);
    await using pair = await namespacePair();
    const path = `/run/netns/${pair.left.name}`;
    const before = await pair.left.describe();
    expect(await dieAt(hako, step, { afterMs, network: { kind: 'namespace', path } })).toMatch(
      /^NAME[^\n]*\n$/,
    );
    await expect.poll(() => pair.left.describe(), soon).toBe(before);
    await expect.poll(() => hako.leftovers(), soon).toEqual([]);
  });

  test('while it ends a sandbox whose record is kept leaves the record, with the truth in it', async () => {
    await using hako = await realHako(consoles);
    expect(await dieAt(hako, 'remove run directory', { keepRecord: true })).toMatch(/^box .* exited /m);
    expect(await hako.leftovers(['directory box'])).toEqual([]);
    expect((await hako.run('rm', 'box')).stdout).toBe('box\n');
    expect(await hako.leftovers()).toEqual([]);
  });

  test('while it saves a template leaves no half one behind for good', async () => {
    await using hako = await realHako(consoles);
    const cacheDirectory = join(hako.directory, 'cache');
    await mkdir(cacheDirectory);
    for (const name of ['guest', 'images', 'kvm-verdict.json']) {
      await symlink(join(resolveCacheDirectory(), name), join(cacheDirectory, name));
    }
    expect(await dieAt(hako, 'save template', { afterMs: 400, cacheDirectory })).toMatch(/^NAME[^\n]*\n$/);
    await expect.poll(() => hako.leftovers(), soon).toEqual([]);
    // The next who saves one removes it.
    const next = startDoomed(hako, { step: 'end guest', command, options: { id: 'box', cacheDirectory } });
    expect(await next.ended).toBe('SIGKILL');
    expect(await readdir(join(cacheDirectory, 'templates'))).toEqual([
      expect.stringMatching(/^[\da-f]{64}$/) as unknown,
    ]);
    await hako.run('ps');
    await expect.poll(() => hako.leftovers(), soon).toEqual([]);
  });
});
