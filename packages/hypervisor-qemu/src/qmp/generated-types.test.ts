// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';

test('the generated QMP types are those of the recorded schema', async () => {
  const generator = fileURLToPath(new URL('../../tools/generate-qmp-types.mjs', import.meta.url));
  const { exitCode, stderr } = await execa(process.execPath, [generator, '--check'], { reject: false });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});
