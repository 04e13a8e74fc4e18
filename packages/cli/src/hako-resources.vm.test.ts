// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import {
  createSandbox,
  findSandbox,
  resolveImage,
  type ContainerImage,
  type ContainerLimits,
  type Sandbox,
} from '@hako/sandbox';
import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { realHako, type RealHako } from './testing/real-hako.ts';
import { watchMachines } from './testing/watch-machines.ts';

const consoles = 'hako-resources';
const obstacle = await machineObstacle();

/** How long a machine that is emulated beside others may take for something. */
const patience = { timeout: 30_000, interval: 100 };

/** Prints what a container sees of its machine, and its own limits. */
const look =
  'nproc; grep MemTotal: /proc/meminfo; cd /sys/fs/cgroup/$(cut -d: -f3 /proc/self/cgroup); cat cpu.max memory.max pids.max';

interface View {
  readonly cpus: number;
  readonly memoryMib: number;
  readonly limits: readonly string[];
}

function viewOf(output: string): View {
  const [cpus = '', memory = '', ...limits] = output.trim().split('\n');
  return { cpus: Number(cpus), memoryMib: Math.floor(Number(/\d+/.exec(memory)?.[0]) / 1024), limits };
}

/** What the first container of a sandbox sees. */
async function machineOf(hako: RealHako, name: string): Promise<View> {
  return viewOf((await hako.run('exec', name, 'sh', '-c', look)).stdout);
}

/** What a further container sees. */
async function viewIn(sandbox: Sandbox, limits?: ContainerLimits): Promise<View> {
  const image = await resolveImage('busybox');
  await using container = await sandbox.createContainer({
    image,
    command: ['sh', '-c', look],
    ...(limits === undefined ? {} : { limits }),
  });
  await container.start();
  const [stdout, stderr] = await Promise.all([text(container.stdout), text(container.stderr)]);
  expect(stderr).toBe('');
  return viewOf(stdout);
}

/** Writes more to memory than it may have, and prints what became of that: swap space in KiB, and both numbers of its group. */
const spill = [
  'dd if=/dev/zero of=/full/zeros bs=1M count=80 2>/dev/null',
  "awk '/^.dev/ { print $3 }' /proc/swaps",
  'cd /sys/fs/cgroup/$(cut -d: -f3 /proc/self/cgroup)',
  'cat memory.swap.max memory.swap.current',
].join(' && ');

/** Prints the size of a volume in memory, in MiB. */
const lookAtVolume = "df -Pm /cache | awk 'NR == 2 { print $2 }'";

/** Control groups of the host whose path ends with a name, in all hierarchies. */
async function groupsNamed(name: string): Promise<readonly string[]> {
  const paths = await readdir('/sys/fs/cgroup', { recursive: true });
  return paths.filter((path) => path.endsWith(`/${name}`));
}

/** Names of the programs in a control group, sorted. */
async function programsIn(group: string): Promise<readonly string[]> {
  const pids = (await readFile(join('/sys/fs/cgroup', group, 'cgroup.procs'), 'utf8')).trim().split('\n');
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return [...new Set(names.map((name) => name.trim()))].sort();
}

/** Threads in a control group, of either version. */
async function threadsIn(group: string): Promise<readonly string[]> {
  const directory = join('/sys/fs/cgroup', group);
  const file = (await readdir(directory)).includes('tasks') ? 'tasks' : 'cgroup.threads';
  return (await readFile(join(directory, file), 'utf8')).trim().split('\n');
}

/** CPUs of the host that a thread, or the first one of a process, may use. */
async function allowedCpus(directory: string): Promise<string | undefined> {
  return /^Cpus_allowed_list:\s*(.+)$/m.exec(await readFile(`${directory}/status`, 'utf8'))?.[1];
}

/** An image that lists CPUs of the host. */
function listing(image: ContainerImage, cpus: string): ContainerImage {
  const namespaces = ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type }));
  const mounts = [{ destination: '/proc', type: 'proc', source: 'proc' }];
  return {
    ...image,
    spec: { ociVersion: '1.1.0', mounts, linux: { namespaces, resources: { cpu: { cpus } } } },
  };
}

/** What is left of a sandbox; control groups of others come and go beside it. */
async function leftoversOf(hako: RealHako, name: string): Promise<readonly string[]> {
  const traces = await hako.leftovers();
  return traces.filter((trace) => !trace.startsWith('control group') || trace.includes(name));
}

describe.skipIf(obstacle !== '')(`the resources of real machines${obstacle}`, () => {
  watchMachines(consoles);

  test('a machine grows by a CPU and memory for a container, refuses more, shrinks again, has swap space and volumes in memory to match, and its control groups go with it [proves vcpus by limits, memory by limits, guest swap, volumes in memory by limits, cgroup of the machine]', async () => {
    await using hako = await realHako(consoles);
    const name = `grow-${process.pid}`;
    const machine = ['--cpus', '1', '-m', '256m', '--max-cpus', '2', '--max-memory', '768m'];
    const volume = ['--mount', 'type=volume,src=cache,dst=/cache,volume-opt=type=tmpfs'];
    const words = ['-d', '--name', name, ...machine, '--guest-swap', '--host-memory', '2g', ...volume];
    const started = await hako.run('run', ...words, 'busybox', 'sleep', '600');
    expect(started).toEqual({ exitCode: 0, stdout: `${name}\n`, stderr: '' });
    try {
      const small = await machineOf(hako, name);
      expect(small).toMatchObject({ cpus: 1, limits: ['max 100000', 'max', 'max'] });

      const limits = ['--cpus', '1', '--memory', '256m', '--pids', '30'];
      const looked = await hako.run(
        ...['run', '--sandbox', name, ...limits, ...volume],
        ...['busybox', 'sh', '-c', `${look}; ${lookAtVolume}`],
      );
      expect(looked).toMatchObject({ exitCode: 0, stderr: '' });
      const large = viewOf(looked.stdout);
      // The first container's volume has grown before this one came.
      expect(large).toMatchObject({ cpus: 2, limits: ['100000 100000', '268435456', '30', '512'] });
      expect(large.memoryMib - small.memoryMib).toBeGreaterThanOrEqual(250);

      const swapping = ['--memory', '64m', '--memory-swap', '128m', '--memory-swappiness', '60'];
      const spilt = await hako.run(
        ...['run', '--sandbox', name, ...swapping, '--tmpfs', '/full:size=96m'],
        ...['busybox', 'sh', '-c', spill],
      );
      expect(spilt).toMatchObject({ exitCode: 0, stderr: '' });
      const [swapKib, mostBytes, swappedBytes] = spilt.stdout.trim().split('\n').map(Number);
      expect({ swapKib, mostBytes }).toEqual({ swapKib: 64 * 1024, mostBytes: 64 << 20 });
      expect(swappedBytes).toBeGreaterThanOrEqual(16 << 20);

      // The memory goes with the container; a CPU of an emulated machine stays.
      await expect.poll(async () => (await machineOf(hako, name)).memoryMib, patience).toBe(small.memoryMib);

      expect(await hako.run('run', '--sandbox', name, '--memory', '700m', 'busybox', 'true')).toEqual({
        exitCode: 125,
        stdout: '',
        stderr:
          'hako: the machine needs 956 MiB for its containers and cannot have more than 768 MiB; give the container less, or the sandbox more when it is made\n',
      });
      expect(await hako.run('run', '--sandbox', name, '--cpus', '3', 'busybox', 'true')).toMatchObject({
        exitCode: 125,
        stderr: expect.stringMatching(
          /^hako: 3 CPUs are asked for, the machine cannot have more than 2; [^\n]+\n$/,
        ) as unknown,
      });

      expect(await hako.run('update', '--memory', '128m', name)).toMatchObject({
        exitCode: 0,
        stdout: `${name}\n`,
      });
      expect((await machineOf(hako, name)).memoryMib - small.memoryMib).toBeGreaterThanOrEqual(120);
      expect(await hako.run('update', '--memory', '1g', name)).toMatchObject({ exitCode: 125 });

      const groups = await groupsNamed(`hako/${name}`);
      expect(groups).not.toEqual([]);
      for (const group of groups) {
        expect(await programsIn(group)).toEqual(['qemu-system-x86', 'virtiofsd']);
      }

      const { owner } = await findSandbox(name, { runRoot: hako.runRoot });
      process.kill(owner.pid, 'SIGKILL');
      await expect.poll(async () => (await hako.run('ps', '-q')).stdout, patience).toBe('');
      expect(await groupsNamed(`hako/${name}`)).toEqual([]);
    } finally {
      await hako.run('rm', '-f', name);
    }
    expect(await leftoversOf(hako, name)).toEqual([]);
  });

  test('a machine grows by memory modules that stay, boots with the limits of its pod, has threads of its CPUs in a group of their own, and each on a CPU of its own while a bundle lists as many [proves static sizing, vcpu pinning]', async () => {
    await using hako = await realHako(consoles);
    const id = `modules-${process.pid}`;
    {
      await using sandbox = await createSandbox({
        id,
        runRoot: hako.runRoot,
        memoryMib: 192,
        podLimits: { memoryBytes: 64 << 20 },
        maximumVcpus: 2,
        maximumMemoryMib: 512,
        memoryGrowth: 'modules',
        hostCgroup: { layout: 'overhead' },
        pinVcpus: true,
      });
      await sandbox.ready();
      const small = await viewIn(sandbox, { memoryBytes: 64 << 20, cpuset: '0' });
      expect(small).toMatchObject({ cpus: 1, limits: ['max 100000', '67108864', 'max'] });
      const large = await viewIn(sandbox, {
        memoryBytes: 100 << 20,
        cpuQuotaUs: 50_000,
        cpuPeriodUs: 100_000,
      });
      expect(large).toMatchObject({ cpus: 2, limits: ['50000 100000', '104857600', 'max'] });
      expect(large.memoryMib - small.memoryMib).toBeGreaterThanOrEqual(120);
      expect((await viewIn(sandbox)).memoryMib).toBe(large.memoryMib);

      const [vcpus = ''] = await groupsNamed(`hako/${id}/vcpus`);
      expect(await threadsIn(vcpus)).toHaveLength(2);
      expect((await threadsIn(vcpus.replace(/vcpus$/, 'overhead'))).length).toBeGreaterThan(2);

      // Of a host with one CPU the two threads share it, bound or not.
      const { vmm } = sandbox.pids();
      const wide = await allowedCpus(`/proc/${vmm}`);
      // Where CPUs can be taken out again, one may be on its way while no container needs it.
      const places = async () =>
        Promise.all(
          (await threadsIn(vcpus)).map((id) => allowedCpus(`/proc/${vmm}/task/${id}`).catch(() => wide)),
        );
      expect(new Set(await places())).toEqual(new Set([wide]));
      const [first = 0, last = first] = (wide ?? '').match(/^\d+|\d+$/g) ?? [];
      const image = listing(await resolveImage('busybox'), `${first},${last}`);
      {
        await using _bound = await sandbox.createContainer({ image, command: ['true'] });
        expect((await places()).toSorted()).toEqual([String(first), String(last)].toSorted());
        expect(await allowedCpus(`/proc/${vmm}`)).toBe(wide);
      }
      expect(new Set(await places())).toEqual(new Set([wide]));
    }
    expect(await leftoversOf(hako, id)).toEqual([]);
  });
});
