// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { identifyProcess, runDirectoryVariable } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { endLeftProcesses, processesOf } from './left-processes.ts';

test('processes that were started for a directory are killed, and no others', async () => {
  await using directory = await temporaryDirectory();
  const start = (path: string) =>
    spawn('sleep', ['1000'], { stdio: 'ignore', env: { ...process.env, [runDirectoryVariable]: path } });
  const left = start(directory.path);
  const other = start(`${directory.path}2`);
  try {
    await Promise.all([once(left, 'spawn'), once(other, 'spawn')]);
    expect(await processesOf(directory.path)).toEqual([await identifyProcess(left.pid ?? 0)]);
    expect(await endLeftProcesses(directory.path)).toBe(true);
    expect(await processesOf(directory.path)).toEqual([]);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    expect(await endLeftProcesses(directory.path)).toBe(true);
  } finally {
    left.kill('SIGKILL');
    other.kill('SIGKILL');
  }
});

test('what a process starts while it is looked for is killed as well', async () => {
  await using directory = await temporaryDirectory();
  // Ten generations, each of which stays.
  const script = '[ "$1" -eq 0 ] || { sleep 0.02; sh -c "$0" "$0" $(($1 - 1)) & }; exec sleep 1000';
  const env = { ...process.env, [runDirectoryVariable]: directory.path };
  const first = spawn('sh', ['-c', script, script, '10'], { stdio: 'ignore', env });
  await once(first, 'spawn');
  expect(await endLeftProcesses(directory.path)).toBe(true);
  expect(await processesOf(directory.path)).toEqual([]);
});
