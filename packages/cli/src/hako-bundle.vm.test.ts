// SPDX-License-Identifier: Apache-2.0
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import {
  createSandbox,
  resolveImage,
  type Container,
  type ContainerMount,
  type Sandbox,
} from '@hako/sandbox';
import { ConfigVolumeFolder, machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { realHako, type RealHako } from './testing/real-hako.ts';
import { watchMachines } from './testing/watch-machines.ts';

const consoles = 'hako-bundle';
const obstacle = await machineObstacle();

/** How long an emulated machine may take for something. */
const patience = { timeout: 60_000, interval: 100 };

/** Runs a script beside the first program of a container. */
async function inside(container: Container, script: string): Promise<string> {
  const process = await container.exec({ command: ['sh', '-c', script] });
  const [stdout, stderr] = await Promise.all([text(process.stdout), text(process.stderr)]);
  await process.wait();
  return `${stdout}${stderr}`.trim();
}

/** A bundle of busybox that sleeps, with mounts of all kinds and hooks that write down what they are told. */
async function makeBundle({
  directory,
}: RealHako): Promise<{ bundle: string; log: string; config: ConfigVolumeFolder }> {
  const bundle = join(directory, 'bundle');
  const pod = join(directory, 'pods', '0e2c');
  const emptyDir = join(pod, 'volumes', 'kubernetes.io~empty-dir');
  const log = join(directory, 'hooks.log');
  const settings = join(pod, 'volumes', 'kubernetes.io~configmap', 'settings');
  const config = new ConfigVolumeFolder(settings);
  await Promise.all([
    mkdir(bundle),
    mkdir(join(emptyDir, 'scratch'), { recursive: true }),
    mkdir(join(emptyDir, 'memory'), { recursive: true }),
    mkdir(join(directory, 'data')),
    mkdir(settings, { recursive: true }),
  ]);
  await config.publish({ color: 'red' });
  await chown(join(emptyDir, 'scratch'), 0, 2000);
  await writeFile(join(directory, 'data', 'file'), 'from the host\n');
  const { rootfs } = await resolveImage('busybox');
  const note = (point: string, more = '') => ({
    path: '/bin/sh',
    args: ['sh', '-c', `printf '${point} ' >> "$LOG"; cat >> "$LOG"; echo >> "$LOG"${more}`],
    env: [`LOG=${log}`, 'PATH=/usr/bin:/bin'],
    timeout: 10,
  });
  const bind = (destination: string, source: string, type = 'bind', ...options: string[]) => ({
    destination,
    type,
    source,
    options: ['rbind', ...options],
  });
  const spec = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['sleep', '1000'],
      cwd: '/',
      env: ['PATH=/bin'],
      selinuxLabel: 'system_u:system_r:container_t:s0',
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 123, hard: 456 }],
    },
    root: { path: rootfs },
    annotations: { 'org.example': 'yes', 'io.katacontainers.config.agent.policy': 'c2VjcmV0' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755', 'size=64k'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['size=1k'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
      { destination: '/small', type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'mode=0700'] },
      bind('/data', join(directory, 'data'), 'bind', 'ro'),
      bind('/scratch', join(emptyDir, 'scratch')),
      bind('/memory', join(emptyDir, 'memory'), 'ephemeral'),
      bind('/config', settings, 'bind', 'ro'),
    ],
    hooks: {
      prestart: [note('prestart')],
      createRuntime: [note('createRuntime')],
      createContainer: [note('createContainer')],
      poststart: [note('poststart', '; exit 1')],
      poststop: [note('poststop')],
    },
    linux: {
      sysctl: { 'net.ipv4.ip_forward': '1', 'kernel.shm_rmid_forced': '1' },
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: ['SCMP_ARCH_X86_64'],
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
      },
    },
  };
  await writeFile(join(bundle, 'config.json'), JSON.stringify(spec));
  return { bundle, log, config };
}

/** What hooks wrote down. */
async function toldHooks(log: string): Promise<readonly object[]> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [, point, state] = /^(\w+) (.*)$/.exec(line) ?? [];
    return { point, ...(JSON.parse(state ?? '{}') as object) };
  });
}

/** Starts a container whose output nobody needs. */
async function started(
  sandbox: Sandbox,
  options: Parameters<Sandbox['createContainer']>[0],
): Promise<Container> {
  const container = await sandbox.createContainer(options);
  for (const stream of [container.stdout, container.stderr]) stream.on('error', () => undefined).resume();
  await container.start();
  return container;
}

describe.skipIf(obstacle !== '')(`bundles in real sandboxes${obstacle}`, () => {
  watchMachines(consoles);

  test('a bundle has its mounts of every kind, its filters and limits, and its hooks run on the host [proves host hooks, mount ephemeral, mount hugepages, mount local, mount watchable, mount shared, mount read-only, mount shm, mount left alone]', async () => {
    await using hako = await realHako(consoles);
    const { bundle, log, config } = await makeBundle(hako);
    const image = await resolveImage(`bundle:${bundle}`);
    const volume: ContainerMount = { type: 'volume', destination: '/work', name: 'work', medium: 'tmpfs' };
    const sandbox = await createSandbox({
      ...{ id: 'pod', runRoot: hako.runRoot, shmMib: 8 },
      kernelModules: ['virtio_balloon'],
      bindMounts: [join(hako.directory, 'data')],
    });
    await using _end = sandbox;
    const mounts: ContainerMount[] = [
      { type: 'hugetlbfs', destination: '/huge', sizeBytes: 4 << 20 },
      { type: 'tmpfs', destination: '/added', sizeBytes: 2 << 20 },
      volume,
    ];
    const container = await started(sandbox, { image, mounts, emptyDirs: 'guest' });
    const told = await toldHooks(log);
    const vmm = sandbox.pids().vmm;

    const script = [
      'cat /proc/mounts',
      'grep HugePages_Total /proc/meminfo',
      "stat -c '%a %g' /scratch",
      'cat /data/file; echo x > /data/file',
      'ulimit -n',
      'mkdir /new',
      'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced',
      'cat /config/color; echo',
      'grep -o ^virtio_balloon /proc/modules',
    ];
    const seen = await inside(container, `exec 2>&1; (${script.join('); echo ---; (')})`);
    const [table, pages, scratch, data, files, filtered, parameters, color, module] = seen.split('\n---\n');
    for (const line of [
      /^tmpfs \/small tmpfs .*size=1024k/m,
      /^shm \/dev\/shm tmpfs .*size=8192k/m,
      /^tmpfs \/added tmpfs .*nosuid,nodev,noexec.*size=2048k/m,
      /^nodev \/huge hugetlbfs .*pagesize=2M,size=4194304/m,
      /^tmpfs \/memory tmpfs /m,
      /^tmpfs \/work tmpfs /m,
      / \/data virtiofs ro/m,
    ])
      expect(table).toMatch(line);
    expect(pages).toMatch(/ 2$/);
    expect(scratch).toBe('2777 2000');
    expect(data).toMatch(/^from the host\n.*Read-only file system$/);
    expect(files).toBe('123');
    expect(filtered).toMatch(/Function not implemented$/);
    expect(parameters).toBe('1\n1');
    expect(color).toBe('red');
    expect(module).toBe('virtio_balloon');
    await config.publish({ color: 'blue' });
    await expect.poll(() => inside(container, 'cat /config/color'), patience).toBe('blue');

    // Volumes of the sandbox are there for its other containers, and stay when one ends.
    await inside(container, 'echo kept > /work/note; echo kept > /scratch/note');
    await container.remove();
    const { spec = { ociVersion: '1.0.2' } } = image;
    const withoutHooks = { ...image, spec: { ...spec, hooks: undefined } };
    const again = { image: withoutHooks, mounts: [volume], emptyDirs: 'guest' } as const;
    await using second = await started(sandbox, again);
    expect(await inside(second, 'cat /work/note /scratch/note')).toBe('kept\nkept');

    const state = { ociVersion: '1.0.2', id: 'pod', bundle, annotations: { 'org.example': 'yes' } };
    expect(told).toEqual([
      { point: 'prestart', ...state, status: 'creating', pid: vmm },
      { point: 'createRuntime', ...state, status: 'creating', pid: vmm },
      { point: 'poststart', ...state, status: 'running', pid: vmm },
    ]);
    expect((await toldHooks(log)).slice(told.length)).toEqual([
      { point: 'poststop', ...state, status: 'stopped' },
    ]);
    await sandbox.stop();
    expect(await hako.leftovers()).toEqual([]);
  });

  test('of a pod of three containers one ends and the others live on, each with a root of its own, in two NUMA nodes [proves pod of several containers, numa topology]', async () => {
    await using hako = await realHako(consoles);
    const image = await resolveImage('busybox');
    // Any host has a first node. The shared files come through the memory of both.
    const numa = { mapping: ['0', '0'] };
    const machine = { vcpus: 2, memoryMib: 512, numa } as const;
    await using sandbox = await createSandbox({ runRoot: hako.runRoot, hostname: 'pod', ...machine });
    const script = 'echo $1 > /who; ipcmk -M 4096 > /dev/null; exec sleep 1000';
    const pod: Container[] = [];
    for (const name of ['first', 'second', 'third'])
      pod.push(await started(sandbox, { image, command: ['sh', '-c', script, 'sh', name] }));
    const [first, second, third] = pod;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no pod');
    const look = 'cat /who; hostname; readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts';
    const seen = await Promise.all(pod.map((container) => inside(container, look)));
    const [own, shared] = [0, 1].map((part) =>
      seen.map((lines) => (part === 0 ? lines.split('\n')[0] : lines.split('\n').slice(1).join(' '))),
    );
    expect(own).toEqual(['first', 'second', 'third']);
    expect(new Set(shared).size).toBe(1);
    expect(shared?.[0]).toMatch(/^pod ipc:\S+ uts:\S+$/);

    const nodes = 'cd /sys/devices/system/node; cat online node*/cpulist node*/distance';
    expect(await inside(second, nodes)).toBe('0-1\n0\n1\n10 11\n11 10');
    const sizes = await inside(second, 'grep -h MemTotal /sys/devices/system/node/node*/meminfo');
    for (const size of sizes.split('\n')) expect(Number(/(\d+) kB/.exec(size)?.[1])).toBeGreaterThan(150_000);

    await first.kill('SIGKILL');
    expect(await first.wait()).toBe(137);
    const listed = (await hako.run('ps', '--containers')).stdout.trimEnd().split('\n');
    expect(listed.map((line) => / (up|exited .*)$/.exec(line)?.[1])).toEqual([
      ...[undefined, 'exited (137)', 'up', 'up'],
    ]);
    await first.remove();
    expect(await inside(second, 'cat /who; hostname')).toBe('second\npod');
    expect(await inside(third, look)).toBe(seen[2]);
    await using again = await started(sandbox, { image, command: ['sleep', '1000'] });
    expect(await inside(again, 'ls /who')).toContain('No such file');
    await sandbox.stop();
    expect(await hako.leftovers()).toEqual([]);
  });

  test("the conditions of a filter of Docker's go by the capabilities that the container gets", async () => {
    await using hako = await realHako(consoles);
    const profile = join(hako.directory, 'profile.json');
    const caps = ['CAP_SYS_CHROOT'];
    const syscalls = [
      { names: ['chroot'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, excludes: { caps } },
      { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, includes: { caps } },
    ];
    await writeFile(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
    const say = async (...words: string[]): Promise<string> => {
      const script = 'chroot / echo changed 2>&1; mkdir /new && echo made';
      const filter = ['--security-opt', `seccomp=${profile}`];
      const { stdout, stderr } = await hako.run('run', ...filter, ...words, 'busybox', 'sh', '-c', script);
      return stdout + stderr;
    };
    expect(await say()).toMatch(/^changed\nmkdir: .*Function not implemented\n$/);
    expect(await say('--cap-drop', 'SYS_CHROOT')).toMatch(/^chroot: .*Function not implemented\nmade\n$/);
    expect(await hako.leftovers()).toEqual([]);
  });

  test.for([
    { words: ['--tmpfs', '/t', '--mount', 'type=volume,dst=/t'], says: 'two mounts are for /t' },
    { words: ['--cap-add', 'FLY'], says: 'there is no capability "FLY"' },
  ])('what cannot work is said before there is a machine: $says', async ({ words, says }) => {
    await using hako = await realHako(consoles);
    const { exitCode, stderr } = await hako.run('run', ...words, 'busybox', 'true');
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(says) as unknown,
    });
    expect(await hako.leftovers()).toEqual([]);
  });

  test('a hook that fails before the container is created is reported with its last words, and nothing is left', async () => {
    await using hako = await realHako(consoles);
    const { bundle, log } = await makeBundle(hako);
    const path = join(bundle, 'config.json');
    const spec = JSON.parse(await readFile(path, 'utf8')) as { hooks: { createRuntime: object[] } };
    spec.hooks.createRuntime.push({
      path: '/bin/sh',
      args: ['sh', '-c', 'echo no network here >&2; exit 3'],
    });
    await writeFile(path, JSON.stringify(spec));
    expect(await hako.run('run', `bundle:${bundle}`)).toEqual({
      exitCode: 125,
      stdout: '',
      stderr: expect.stringMatching(
        /hako: hook \/bin\/sh failed \(exit code 3\): no network here\n$/,
      ) as unknown,
    });
    expect((await toldHooks(log)).map((line) => Object.values(line)[0] as unknown)).toEqual([
      'prestart',
      'createRuntime',
      'poststop',
    ]);
    expect(await hako.leftovers()).toEqual([]);
  });
});
