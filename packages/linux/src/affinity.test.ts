// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { setAffinity } from './affinity.ts';
import { backends } from './testing/backends.ts';

function allowedCpus(pid: number | 'self'): string | undefined {
  return /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

async function sleeper(): Promise<{ readonly pid: number } & AsyncDisposable> {
  const child: ChildProcess = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

describe.each(backends)('setAffinity with $title', ({ missing, load }) => {
  test.skipIf(missing)('binds another process to one CPU, whatever else is asked for', async () => {
    await using process = await sleeper();
    const last = Number(/(\d+)$/.exec(allowedCpus('self') ?? '')?.[1]);
    setAffinity(process.pid, [last, 100_000], load());
    expect(allowedCpus(process.pid)).toBe(String(last));
  });

  test.skipIf(missing)('refuses CPUs that are not there, and a thread that is not', async () => {
    await using process = await sleeper();
    const before = allowedCpus(process.pid);
    expect(() => setAffinity(process.pid, [8000], load())).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    expect(allowedCpus(process.pid)).toBe(before);
    expect(() => setAffinity(2 ** 30, [0], load())).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  });
});
