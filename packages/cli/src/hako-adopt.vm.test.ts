// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { isAlive } from '@hako/hypervisor';
import { adoptSandbox, listSandboxes, resolveImage, type Sandbox } from '@hako/sandbox';
import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { outputOf } from './testing/output-of.ts';
import { realHako, type RealHako } from './testing/real-hako.ts';
import { watchMachines } from './testing/watch-machines.ts';

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
const patience = { timeout: 60_000, interval: 50 };

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

const mib = 1024 * 1024;

/** Prints what a container sees of its machine. */
const look = "nproc; ls /sys/block | grep -c ^vd; awk '/^(Mem|Swap)Total:/ { print $2 }' /proc/meminfo";

interface View {
  readonly cpus: number;
  readonly memoryMib: number;
  readonly swapMib: number;
  readonly disks: number;
}

function viewOf(output: string): View {
  const [cpus = 0, disks = 0, memoryKib = 0, swapKib = 0] = output.trim().split('\n').map(Number);
  return { cpus, disks, memoryMib: Math.round(memoryKib / 1024), swapMib: swapKib / 1024 };
}

const annotations = { 'io.katacontainers.container.resource.swappiness': '60' };

/** A bundle that writes to its disk, wants half of what its machine may grow by, swaps, and whose end is written down. */
async function hookedBundle({ directory }: RealHako, log: string): Promise<string> {
  const bundle = join(directory, 'bundle');
  await mkdir(bundle);
  const { rootfs } = await resolveImage('busybox');
  const spec = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['sh', '-c', 'echo from the first owner > /data/word; sync; exec sleep 1000'],
      cwd: '/',
      env: ['PATH=/bin'],
    },
    root: { path: rootfs },
    annotations,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
    ],
    hooks: { poststop: [{ path: '/bin/sh', args: ['sh', '-c', 'exec cat > "$LOG"'], env: [`LOG=${log}`] }] },
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      resources: { cpu: { quota: 100_000, period: 100_000 }, memory: { limit: 128 * mib } },
    },
  };
  await writeFile(join(bundle, 'config.json'), JSON.stringify(spec));
  return bundle;
}

const statusOf = async (hako: RealHako): Promise<string | undefined> =>
  (await listSandboxes({ runRoot: hako.runRoot }))[0]?.status;

describe.skipIf(obstacle !== '')(`a sandbox that survives its owner${obstacle}`, () => {
  watchMachines(consoles);

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
    // What an owner has read and not yet written down ends with it.
    const logged = async (): Promise<string> => (await hako.run('logs', 'box')).stdout;
    await expect.poll(logged, patience).toBe('ready\n');
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
    await expect.poll(logged, patience).toBe('ready\nsaid\n');
    await killOwner(hako);
    await untilCounted(await counted());
    expect((await hako.run('stop', 'box')).stdout).toBe('box\n');
    expect((await hako.run('ps')).stdout).toMatch(/^box .* exited /m);
    expect((await hako.run('rm', 'box')).stdout).toBe('box\n');
    expect(await hako.leftovers()).toEqual([]);
  });

  test('is whole for its new owner: the machine grows and shrinks, its swap space grows, a disk is shared and unplugged, a hook runs [proves growth after adoption, unplug after adoption, poststop hook after adoption]', async () => {
    await using hako = await realHako(consoles);
    await using _end = hako.endOf('grown');
    const log = join(hako.directory, 'hooks.log');
    const bundle = await hookedBundle(hako, log);
    const disk = join(hako.directory, 'disk.img');
    await writeFile(disk, Buffer.alloc(16 * mib));
    const size = ['-m', '256m', '--cpus', '1', '--max-cpus', '2', '--max-memory', '768m', '--guest-swap'];
    const mount = ['--mount', `type=block,src=${disk},dst=/data,fstype=ext4,format`];
    const words = ['-d', '--keep', '--name', 'grown', ...size, ...mount, `bundle:${bundle}`];
    expect(await hako.run('run', ...words)).toEqual({ exitCode: 0, stdout: 'grown\n', stderr: '' });
    const before = viewOf((await hako.run('exec', 'grown', 'sh', '-c', look)).stdout);
    expect(before).toMatchObject({ cpus: 2, disks: 3, swapMib: 128 });
    await killOwner(hako);

    await using sandbox = await adoptSandbox('grown', { runRoot: hako.runRoot });
    expect(viewOf(await execIn(sandbox, 'sh', '-c', look))).toEqual(before);
    const [first] = await sandbox.containers();
    const image = await resolveImage('busybox');
    const beside = await sandbox.createContainer({
      ...{ image, command: ['sleep', '1000'] },
      limits: { memoryBytes: 256 * mib, memorySwapBytes: 320 * mib, memorySwappiness: 60 },
      blockVolumes: [{ source: disk, destination: '/data', fstype: 'ext4' }],
    });
    for (const stream of [beside.stdout, beside.stderr]) stream.on('error', () => undefined).resume();
    await beside.start();
    const seen = async (): Promise<View> => {
      const process = await beside.exec({ command: ['sh', '-c', look] });
      process.stderr.resume();
      return viewOf(await text(process.stdout));
    };
    const grown = await seen();
    expect(grown).toMatchObject({ cpus: 2, disks: 4, swapMib: 192 });
    expect(grown.memoryMib - before.memoryMib).toBeGreaterThanOrEqual(250);
    const word = await beside.exec({ command: ['cat', '/data/word'] });
    word.stderr.resume();
    expect(await text(word.stdout)).toBe('from the first owner\n');

    // The room is the new owner's to give, to other processes too.
    const more = (memory: string) =>
      hako.run('run', '--sandbox', 'grown', '--memory', memory, 'busybox', 'true');
    expect(await more('64m')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await more('200m')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('the machine needs 840 MiB') as unknown,
    });

    await first?.remove();
    expect(JSON.parse(await readFile(log, 'utf8'))).toEqual({
      ...{ ociVersion: '1.0.2', id: 'grown', status: 'stopped', bundle },
      annotations,
    });
    await expect.poll(async () => grown.memoryMib - (await seen()).memoryMib, patience).toBe(128);
    expect((await seen()).disks).toBe(4);
    await beside.remove();
    // A CPU of an emulated machine stays, and so does swap space; the memory goes when the guest has let go of it.
    const rest = async (): Promise<View> => viewOf(await outputOf(sandbox, look));
    await expect
      .poll(async () => before.memoryMib - (await rest()).memoryMib, patience)
      .toBeGreaterThanOrEqual(125);
    expect((await rest()).disks).toBe(3);
    await sandbox.stop();
    expect((await hako.run('rm', 'grown')).stdout).toBe('grown\n');
    expect(await hako.leftovers()).toEqual([]);
  });
});
