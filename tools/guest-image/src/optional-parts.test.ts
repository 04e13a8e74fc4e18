// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bundleForGuest } from './guest-bundle.ts';
import { listOptionalParts } from './optional-parts.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

async function writeAgent(directory: string, code: string): Promise<string> {
  await mkdir(join(directory, 'src/optional'), { recursive: true });
  await writeFile(
    join(directory, 'src/optional/heavy-part.ts'),
    'export const weight: string = "forty tons";',
  );
  await writeFile(join(directory, 'src/optional/heavy-part.test.ts'), 'no code at all');
  const entry = join(directory, 'src/main.ts');
  await writeFile(entry, code);
  return entry;
}

test('an optional part is a bundle of its own, which is read when it is imported', async () => {
  await using directory = await createTemporaryDirectory(tmpdir());
  const code = `console.log("begin"); void import("./optional/heavy-part.ts").then(({ weight }) => console.log(weight));`;
  const entry = await writeAgent(directory.path, code);
  const agent = await bundleForGuest(entry, directory.path);
  expect(agent.toString()).not.toContain('forty tons');
  const parts = await listOptionalParts(entry);
  expect(parts.map(({ path }) => path)).toEqual(['optional/heavy-part.cjs']);

  const agentPath = join(directory.path, 'guest/agent.cjs');
  await mkdir(join(directory.path, 'guest/optional'), { recursive: true });
  await writeFile(agentPath, agent);
  const run = promisify(execFile);
  await expect(run(process.execPath, [agentPath])).rejects.toMatchObject({
    stdout: 'begin\n',
    stderr: expect.stringContaining('heavy-part.cjs') as string,
  });
  for (const { path, entry: partEntry } of parts) {
    await writeFile(join(directory.path, 'guest', path), await bundleForGuest(partEntry, directory.path));
  }
  expect((await run(process.execPath, [agentPath])).stdout).toBe('begin\nforty tons\n');
});

test('a static import of an optional part is refused', async () => {
  await using directory = await createTemporaryDirectory(tmpdir());
  const code = 'import { weight } from "./optional/heavy-part.ts"; console.log(weight);';
  const entry = await writeAgent(directory.path, code);
  await expect(bundleForGuest(entry, directory.path)).rejects.toMatchObject({
    code: 'agent_broken',
    message: expect.stringContaining('must be imported dynamically') as string,
  });
});

test('an agent without optional parts has none', async () => {
  await using directory = await createTemporaryDirectory(tmpdir());
  expect(await listOptionalParts(join(directory.path, 'main.ts'))).toEqual([]);
});
