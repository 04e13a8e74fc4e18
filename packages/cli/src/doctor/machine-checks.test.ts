// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { CheckResult } from './check.ts';
import { programChecks } from './machine-checks.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hako-doctor-'));
  vi.stubEnv('PATH', directory);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** What is said of each program, by its name. */
async function findings(): Promise<ReadonlyMap<string, CheckResult>> {
  const found = new Map<string, CheckResult>();
  for (const check of programChecks) {
    const result = await check();
    found.set(result.name, result);
  }
  return found;
}

test('of programs that are not there it is said what cannot be done without them', async () => {
  const found = await findings();
  expect(found.get('nsenter')).toMatchObject({ status: 'missing', remedy: 'apt-get install util-linux' });
  for (const [name, loss, remedy] of [
    ['umoci', 'images of kind oci: cannot be used', 'umoci'],
    ['mkfs.erofs', 'root file systems cannot be disks', 'erofs-utils'],
    ['ip', 'network namespaces cannot be joined', 'iproute2'],
    ['tc', 'network namespaces cannot be joined', 'iproute2'],
  ] as const) {
    expect(found.get(name)).toEqual({
      ...{ name, status: 'limited', finding: `not installed: ${loss}` },
      remedy: `apt-get install ${remedy}`,
    });
  }
});

test('a program that is there is told with its path', async () => {
  const path = join(directory, 'mkfs.erofs');
  await writeFile(path, '');
  await chmod(path, 0o755);
  expect((await findings()).get('mkfs.erofs')).toEqual({ name: 'mkfs.erofs', status: 'ok', finding: path });
});
