// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../system/program-runner.ts';
import { createHookRunner } from './run-hooks.ts';

const state = { ociVersion: '1.0.2', id: 'c1', status: 'created', pid: 7, bundle: '/b', annotations: {} };

function setUp() {
  const failed: object[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object) => void failed.push(fields),
    error: () => undefined,
  };
  return { failed, runHooks: createHookRunner({ runProgram, logger }) };
}

test('a hook gets the state on its input, and only its own environment', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hako-hook-'));
  try {
    const { failed, runHooks } = setUp();
    const script = `#!/bin/sh\n{ cat; echo; env | grep -v '^\\(PWD\\|SHLVL\\|_\\|OLDPWD\\)=' ; echo "$@"; } > ${dir}/out\n`;
    await writeFile(join(dir, 'hook'), script, { mode: 0o755 });
    await runHooks(
      'prestart',
      [{ path: join(dir, 'hook'), args: ['hook', 'prestart'], env: ['A=1', 'bad'] }],
      state,
    );
    const [json = '', ...rest] = (await readFile(join(dir, 'out'), 'utf8')).split('\n');
    expect(JSON.parse(json)).toEqual(state);
    expect(rest).toEqual(['A=1', 'prestart', '']);
    expect(failed).toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.each([
  {
    title: 'that fails',
    hook: { path: '/bin/sh', args: ['sh', '-c', 'echo oops >&2; exit 3'] },
    text: 'ended with 3: oops',
  },
  { title: 'that is not there', hook: { path: '/no/such/hook' }, text: 'cannot be run' },
  { title: 'with a relative path', hook: { path: 'hook' }, text: 'not absolute' },
  {
    title: 'that takes too long',
    hook: { path: '/bin/sh', args: ['sh', '-c', 'exec sleep 60'], timeout: 1 },
    text: 'longer than 1000 ms',
  },
])('a hook $title is reported, and the next one runs', async ({ hook, text }) => {
  const { failed, runHooks } = setUp();
  await runHooks('poststop', [hook, { path: '/bin/sh', args: ['sh', '-c', 'exit 9'] }], state);
  expect(failed).toHaveLength(2);
  expect(String((failed[0] as { error: unknown }).error)).toContain(text);
});
