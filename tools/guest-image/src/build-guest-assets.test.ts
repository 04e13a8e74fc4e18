// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildGuestAssets } from './build-guest-assets.ts';
import type { BuildOptions } from './build-guest-assets.ts';
import { isElf64 } from './elf-image.ts';
import type { GuestAssets } from './manifest.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

/** Where set-up keeps the kernel package it downloaded. */
const packagesDir = join(process.env['HAKO_CACHE_DIR'] ?? join(homedir(), '.cache/hako'), 'guest/packages');
const kernelPackage = readKernelPackage();
const withoutPackage = kernelPackage === undefined;
const buildTimeoutMs = 600_000;

function readKernelPackage(): string | undefined {
  try {
    const name = readdirSync(packagesDir).find((entry) => entry.endsWith('.deb'));
    return name === undefined ? undefined : join(packagesDir, name);
  } catch {
    return undefined;
  }
}

function options(directory: string, changes: Partial<BuildOptions> = {}): BuildOptions {
  return {
    cacheDir: join(directory, 'cache'),
    kernelPackagePath: kernelPackage ?? 'absent.deb',
    nodePath: process.execPath,
    agentEntry: join(directory, 'agent.ts'),
    workspaceRoot: resolve(import.meta.dirname, '../../..'),
    ...changes,
  };
}

async function writeAgent(directory: string, code: string): Promise<void> {
  await writeFile(join(directory, 'agent.ts'), code);
}

const manifestOf = async (assets: GuestAssets): Promise<string> =>
  readFile(join(dirname(assets.kernelPath), 'manifest.json'), 'utf8');

describe.skipIf(withoutPackage)('buildGuestAssets (needs the kernel package that set-up downloads)', () => {
  test(
    'gives the same bytes in two places at two times, and others for another agent',
    { timeout: buildTimeoutMs },
    async () => {
      await using first = await createTemporaryDirectory(tmpdir());
      await using second = await createTemporaryDirectory(tmpdir());
      for (const { path } of [first, second])
        await writeAgent(path, 'export const answer: number = 1; console.log(answer);');
      const built = await buildGuestAssets(options(first.path));
      const manifest = await manifestOf(built);
      expect(await manifestOf(await buildGuestAssets(options(second.path)))).toBe(manifest);
      expect(isElf64(await readFile(built.kernelPath))).toBe(true);

      const steps: string[] = [];
      const again = await buildGuestAssets(options(first.path, { onProgress: (step) => steps.push(step) }));
      expect(again).toEqual(built);
      expect(steps).not.toContain('writing the root image');

      await writeAgent(first.path, 'console.log(2);');
      expect((await buildGuestAssets(options(first.path))).digest).not.toBe(built.digest);
      expect((await readdir(join(first.path, 'cache'))).sort()).toEqual([
        'assets',
        'current.json',
        'kernels',
      ]);
    },
  );

  test(
    'an agent that does not bundle is agent_broken and names the place',
    { timeout: buildTimeoutMs },
    async () => {
      await using directory = await createTemporaryDirectory(tmpdir());
      await writeAgent(directory.path, 'import { x } from "./nowhere.ts"; x();');
      await expect(buildGuestAssets(options(directory.path))).rejects.toMatchObject({
        code: 'agent_broken',
        message: expect.stringContaining('nowhere.ts') as string,
      });
    },
  );
});

test('a kernel package that is none is tool_failed and leaves nothing', async () => {
  await using directory = await createTemporaryDirectory(tmpdir());
  const kernelPackagePath = join(directory.path, 'broken.deb');
  await writeFile(kernelPackagePath, 'not an archive');
  await writeAgent(directory.path, 'console.log(1);');
  await expect(buildGuestAssets(options(directory.path, { kernelPackagePath }))).rejects.toMatchObject({
    code: 'tool_failed',
  });
  expect(await readdir(join(directory.path, 'cache/kernels'))).toEqual([]);
});
