// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { fakeConsole } from './testing/fake-console.ts';

test.each(['-V', '--version'])('hako %s prints the release of the package', async (word) => {
  const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  await using console = await fakeConsole();
  const { exitCode, stdout, stderr } = await console.run(word);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(manifest).toMatchObject({ version: stdout.toString().trim() });
});
