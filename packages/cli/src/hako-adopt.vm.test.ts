// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { isAlive } from '@hako/hypervisor';
import { adoptSandbox, listSandboxes, resolveImage, type Sandbox } from '@hako/sandbox';
import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { realHako, type RealHako } from './testing/real-hako.ts';

const consoles = 'hako-adopt';
const obstacle = await machineObstacle();

/** Counts in the memory of one process, and writes down how far it is. */
const count = `
echo ready; i=0
while :; do
  i=$((i+1)); echo $i > /data/new; mv /data/new /data/count
  [ ! -e /data/say ] || { rm /data/say; echo said; }
  sleep 0.1
done`;
const patience = { timeout: 30_000, interval: 50 };

/** Kills the process that owns the sandbox, and nothing else. */
async function killOwner(hako: RealHako): Promise<void> {
  const [listing] = await listSandboxes({ runRoot: hako.runRoot });
  if (listing?.status !== 'running' || listing.owner.pid === process.pid) throw new Error('no owner');
  process.kill(listing.owner.pid, 'SIGKILL');
  await expect.poll(() => isAlive(listing.owner), patience).toBe(false);
}

async function execIn(sandbox: Sandbox, ...command: string[]): Promise<string> {
  const [container] = await sandbox.containers();
  const process = await container?.exec({ command });
  if (process === undefined) throw new Error('no container');
  process.stderr.resume();
  const output = await text(process.stdout);
  expect(await process.wait()).toBe(0);
  return output;
}

const statusOf = async (hako: RealHako): Promise<string | undefined> =>
  (await listSandboxes({ runRoot: hako.runRoot }))[0]?.status;

describe.skipIf(obstacle !== '')(`a sandbox that survives its owner${obstacle}`, () => {
  test('is adopted by one of two, goes on where it was, survives that one too, and ends whole [proves adopted after a kill, sandbox.release, sandbox.containers]', async () => {
    await using hako = await realHako(consoles);
    await using _end = hako.endOf('box');
    const data = join(hako.directory, 'data');
    await mkdir(data);
    const counted = async (): Promise<number> => Number(await readFile(join(data, 'count'), 'utf8'));
    const untilCounted = async (number: number): Promise<void> => {
      await expect.poll(counted, patience).toBeGreaterThan(number);
    };
    const words = ['-d', '--keep', '--name', 'box', '-v', `${data}:/data`, 'busybox', 'sh', '-c', count];
    expect(await hako.run('run', ...words)).toEqual({ exitCode: 0, stdout: 'box\n', stderr: '' });
    await untilCounted(2);
    await killOwner(hako);
    const before = await counted();
    expect((await hako.run('ps')).stdout).toMatch(/^box .*orphaned *$/m);
    await untilCounted(before + 3);

    const attempts = await Promise.allSettled(
      [1, 2].map(() => adoptSandbox('box', { runRoot: hako.runRoot })),
    );
    const [loss] = attempts.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(loss).toMatchObject({ code: 'invalid_state', message: expect.stringContaining('box') as unknown });
    const [sandbox] = attempts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    if (sandbox === undefined) throw new Error('nobody adopted it');
    expect(await statusOf(hako)).toBe('running');
    await expect(adoptSandbox('box', { runRoot: hako.runRoot })).rejects.toMatchObject({
      code: 'invalid_state',
      message: expect.stringContaining(String(process.pid)) as unknown,
    });

    // The same container in the same machine, and files of the host as before.
    const now = await counted();
    expect(now).toBeGreaterThan(before);
    expect(Number(await execIn(sandbox, 'cat', '/data/count'))).toBeGreaterThanOrEqual(now);
    const other = join(hako.directory, 'other');
    await mkdir(other);
    await writeFile(join(other, 'word'), 'from the host\n');
    const image = await resolveImage('busybox');
    const beside = await sandbox.createContainer({
      image,
      command: ['sh', '-c', 'cat /other/word; echo from the guest > /other/answer'],
      volumes: [{ source: other, destination: '/other' }],
    });
    beside.stderr.resume();
    await beside.start();
    expect(await text(beside.stdout)).toBe('from the host\n');
    expect(await beside.wait()).toBe(0);
    await beside.remove();
    expect(await readFile(join(other, 'answer'), 'utf8')).toBe('from the guest\n');

    // Let go of on purpose: whoever wants something of it becomes its owner.
    await sandbox.release();
    expect(await sandbox.ended).toEqual({ name: 'released' });
    expect(await statusOf(hako)).toBe('orphaned');
    await writeFile(join(data, 'say'), '');
    expect((await hako.run('exec', 'box', 'cat', '/data/count')).stdout).toMatch(/^\d+\n$/);
    expect(await statusOf(hako)).toBe('running');
    await expect.poll(async () => (await hako.run('logs', 'box')).stdout, patience).toBe('ready\nsaid\n');
    await killOwner(hako);
    await untilCounted(await counted());
    expect((await hako.run('stop', 'box')).stdout).toBe('box\n');
    expect((await hako.run('ps')).stdout).toMatch(/^box .* exited /m);
    expect((await hako.run('rm', 'box')).stdout).toBe('box\n');
    expect(await hako.leftovers()).toEqual([]);
  });
});
