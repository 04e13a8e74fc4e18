// SPDX-License-Identifier: Apache-2.0
import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDecisionLog } from './decision-log.ts';
import { createPolicy } from './policy.ts';
import { compilePolicy } from '../optional/policy.ts';
import { setStartPolicy } from './start-policy.ts';

const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

async function temporaryDir() {
  const dir = await mkdtemp(join(tmpdir(), 'hako-policy-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

function create(note?: (line: string) => void) {
  let loads = 0;
  const policy = createPolicy({
    logger,
    loadEngine: () => {
      loads += 1;
      return Promise.resolve(compilePolicy);
    },
    ...(note === undefined ? {} : { note }),
  });
  return { policy, loads: () => loads };
}

test('without a policy everything passes, and the engine is not loaded', async () => {
  const { policy, loads } = create();
  await setStartPolicy(policy, '');
  await policy.gate({ method: 'getMetrics', request: {} });
  expect(loads()).toBe(0);
});

test('a policy from a file holds from the start, and requests are noted', async () => {
  await using temporary = await temporaryDir();
  const path = join(temporary.dir, 'p.rego');
  const source =
    'package agent_policy\ndefault GetMetricsRequest := false\ndefault StatsContainerRequest := true\n';
  await writeFile(path, source);
  const log = join(temporary.dir, 'policy.jsonl');
  const { policy } = create(createDecisionLog(log));
  await setStartPolicy(policy, path);
  await expect(policy.gate({ method: 'getMetrics', request: {} })).rejects.toThrow(
    'GetMetricsRequest is blocked',
  );
  await policy.gate({ method: 'statsContainer', request: { containerId: 'c1' } });
  expect(await readFile(log, 'utf8')).toBe('{"kind":"GetMetricsRequest","request":{}}\n');
});

test.each([
  { title: 'is not there', source: undefined },
  { title: 'is no Rego', source: 'package 1' },
])('an agent does not start with a policy file that $title', async ({ source }) => {
  await using temporary = await temporaryDir();
  const path = join(temporary.dir, 'p.rego');
  if (source !== undefined) await writeFile(path, source);
  await expect(setStartPolicy(create().policy, path)).rejects.toMatchObject({
    code: 'invalid_option',
    operand: path,
  });
});

test('the log of decisions ends at its limit, and is never written through a link', async () => {
  await using temporary = await temporaryDir();
  const log = join(temporary.dir, 'policy.jsonl');
  const note = createDecisionLog(log, 10);
  for (const line of ['12345\n', '67\n', '8901\n', '2\n']) note(line);
  expect(await readFile(log, 'utf8')).toBe('12345\n67\n');
  expect((await lstat(log)).mode & 0o777).toBe(0o600);
  const link = join(temporary.dir, 'link');
  await symlink(log, link);
  createDecisionLog(link)('x\n');
  expect(await readFile(log, 'utf8')).toBe('12345\n67\n');
});
