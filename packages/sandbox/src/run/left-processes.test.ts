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
