// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { attachSandbox, createSandbox, findSandbox, listSandboxes, resolveImage } from '@hako/sandbox';
import type { FakeMain } from '@hako/sandbox/testing';
import { expect, test } from 'vitest';

import { parseBytes } from './parse/memory-size.ts';
import type { Sample } from './stats/sample.ts';
import { statsJson, statsTable } from './stats/stats-text.ts';
import { fakeConsole, type FakeConsole } from './testing/fake-console.ts';

const programs: Record<string, FakeMain> = {
  echo: ({ args, print }) => {
    print(`${args.slice(1).join(' ')}\n`);
    return Promise.resolve(0);
  },
  patient: async ({ nextSignal }) => {
    await nextSignal();
    return 42;
  },
};

interface World extends FakeConsole {
  readonly image: string;
  /** Runs `patient` in a sandbox named `box` while the body runs, then ends it. */
  beside(body: () => Promise<void>): Promise<{ exitCode: number; stderr: string }>;
}

async function world(): Promise<World> {
  const hako = await fakeConsole({ programs });
  const rootfs = join(hako.directory, 'rootfs');
  await mkdir(rootfs);
  const image = `rootfs:${rootfs}`;
  return {
    ...hako,
    image,
    async beside(body) {
      const running = hako.run('run', '--name', 'box', image, 'patient');
      await expect.poll(() => listSandboxes()).toMatchObject([{ status: 'running', containerId: 'box' }]);
      await expect.poll(() => hako.sandbox.agent.calls.includes('startContainer')).toBe(true);
      await body();
      hako.sandbox.agent.processes.get('box')?.deliver(15);
      return await running;
    },
  };
}

test('pause and unpause print the sandbox that did', async () => {
  await using hako = await world();
  await hako.beside(async () => {
    expect(await hako.run('pause', 'bo')).toMatchObject({ exitCode: 0, stdout: Buffer.from('box\n') });
    expect([...hako.sandbox.agent.paused]).toEqual(['box']);
    expect((await hako.run('ps')).stdout.toString()).toMatch(/^box .* paused *$/m);
    expect(JSON.parse((await hako.run('ps', '--json')).stdout.toString())).toMatchObject([
      { id: 'box', status: 'paused' },
    ]);
    expect((await hako.run('pause', 'box')).stderr).toMatch(
      /^hako: pause of the container failed: .* is paused\n$/,
    );
    expect(await hako.run('unpause', 'box')).toMatchObject({ exitCode: 0, stdout: Buffer.from('box\n') });
    expect([...hako.sandbox.agent.paused]).toEqual([]);
    expect((await hako.run('ps')).stdout.toString()).toMatch(/^box .* running *$/m);
  });
});

test('every container of a sandbox is listed, read, limited, frozen and entered by name', async () => {
  await using hako = await world();
  await hako.beside(async () => {
    await using attached = await attachSandbox('box', hako.sandbox.components);
    const image = await resolveImage(hako.image);
    await using second = await attached.createContainer({ image, command: ['patient'], id: 'side' });
    await second.start();
    expect((await hako.run('ps', '--containers')).stdout.toString()).toMatch(
      /^NAME +COMMAND +CREATED +STATUS\nbox +"patient" +\d+s ago +up\nbox\/side +"patient" +\d+s ago +up\n$/,
    );
    expect((await hako.run('ps', '-cq')).stdout.toString()).toBe('box\nbox/side\n');
    expect(JSON.parse((await hako.run('stats', '--json')).stdout.toString())).toMatchObject([
      { name: 'box' },
      { name: 'box/side' },
    ]);
    const one = JSON.parse((await hako.run('stats', '--json', 'box/si')).stdout.toString()) as unknown;
    expect(one).toMatchObject([{ name: 'box/side' }]);
    expect((await hako.run('pause', 'box/side')).stdout.toString()).toBe('box/side\n');
    expect([...hako.sandbox.agent.paused]).toEqual(['side']);
    expect((await hako.run('ps', '-c')).stdout.toString()).toMatch(/^box .* up\nbox\/side .* paused *\n/m);
    expect(JSON.parse((await hako.run('ps', '-c', '--json')).stdout.toString())).toMatchObject([
      { name: 'box' },
      { name: 'box/side', paused: true },
    ]);
    expect(await listSandboxes()).toMatchObject([{ id: 'box', status: 'running' }]);
    await hako.run('unpause', 'box/side');
    await hako.run('pause', 'box');
    expect([...hako.sandbox.agent.paused].toSorted()).toEqual(['box', 'side']);
    await hako.run('unpause', 'box');
    expect((await hako.run('update', '--pids', '5', 'box/side')).stdout.toString()).toBe('box/side\n');
    expect((await hako.run('exec', 'box/side', 'echo', 'hi')).stdout.toString()).toBe('hi\n');
    expect(await hako.run('exec', 'box/none', 'echo')).toMatchObject({
      exitCode: 125,
      stderr: 'hako: sandbox box has no container "none"; see `hako ps --containers`\n',
    });
  });
});

test('a container that has ended is listed as such, and left out where only the living count', async () => {
  await using hako = await world();
  await hako.beside(async () => {
    const listing = await findSandbox('box');
    await using attached = await attachSandbox(listing, hako.sandbox.components);
    const image = await resolveImage(hako.image);
    await using second = await attached.createContainer({ image, command: ['patient'], id: 'side' });
    second.discardOutput();
    await second.start();
    hako.sandbox.agent.processes.get('side')?.deliver(15);
    expect(await second.wait()).toBe(42);
    expect((await hako.run('ps', '--containers')).stdout.toString()).toMatch(
      /\nbox +.* +up\nbox\/side +.* +exited \(42\)\n$/,
    );
    expect(JSON.parse((await hako.run('ps', '-c', '--json')).stdout.toString())).toMatchObject([
      { name: 'box' },
      { name: 'box/side', exitCode: 42 },
    ]);
    expect((await hako.run('pause', 'box')).exitCode).toBe(0);
    expect([...hako.sandbox.agent.paused]).toEqual(['box']);
    await hako.run('unpause', 'box');
    expect(JSON.parse((await hako.run('stats', '--json', 'box')).stdout.toString())).toMatchObject([
      { name: 'box' },
    ]);
    // What is told once is not read again.
    const [first] = await attached.containers();
    if (first === undefined) throw new Error('there is no container');
    await rm(join(listing.directory, 'containers'), { recursive: true });
    expect((await attached.container(first)).id).toBe('box');
  });
});

test('stats are a table, or JSON', async () => {
  await using hako = await world();
  await hako.beside(async () => {
    for (const words of [['stats'], ['stats', 'box']]) {
      expect((await hako.run(...words)).stdout.toString()).toBe(
        'NAME   CPU %   CPU TIME   MEMORY   LIMIT     PIDS   BLOCK READ   BLOCK WRITTEN\n' +
          'box    -       1.50s      8.0MiB   64.0MiB   3      1.0MiB       0B\n',
      );
    }
    expect(JSON.parse((await hako.run('stats', '--json', 'box')).stdout.toString())).toMatchObject([
      { name: 'box', cpu: { totalNs: 1_500_000_000 }, memory: { usageBytes: 8_388_608 } },
    ]);
  });
  expect((await hako.run('stats')).stdout.toString()).toMatch(/^NAME[^\n]*\n$/);
});

test('followed stats end with the sandbox they are of', async () => {
  await using hako = await world();
  const following = Promise.withResolvers<Awaited<ReturnType<FakeConsole['run']>>>();
  await hako.beside(async () => {
    const running = hako.run('stats', '--follow', '--json', 'box');
    running.then(following.resolve, following.reject);
    await expect.poll(() => hako.sandbox.agent.calls.includes('statsContainer')).toBe(true);
  });
  const { exitCode, stdout } = await following.promise;
  expect(exitCode).toBe(0);
  expect(stdout.toString()).toMatch(/^(\[\{"name":"box".*\}\]\n)+$/);
});

test('followed stats of one container end with it', async () => {
  await using hako = await world();
  await hako.beside(async () => {
    await using attached = await attachSandbox('box', hako.sandbox.components);
    const image = await resolveImage(hako.image);
    const side = await attached.createContainer({ image, command: ['patient'], id: 'side' });
    await side.start();
    const running = hako.run('stats', '--follow', '--json', 'box/si');
    await expect.poll(() => hako.sandbox.agent.calls.includes('statsContainer')).toBe(true);
    await side.remove();
    const { exitCode, stdout, stderr } = await running;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.toString()).toMatch(/^(\[\{"name":"box\/side".*\}\]\n)+$/);
  });
});

test('limits reach the container', async () => {
  await using hako = await world();
  await hako.beside(async () => {
    const words = ['--memory', '64m', '--cpus', '0.5', '--cpu-shares', '512', '--pids', '20'];
    const swap = ['--memory-swap', '128m', '--memory-swappiness', '60'];
    expect(await hako.run('update', ...words, ...swap, 'box')).toMatchObject({
      exitCode: 0,
      stdout: Buffer.from('box\n'),
    });
    expect(hako.sandbox.agent.updates).toMatchObject([
      {
        containerId: 'box',
        resources: {
          Memory: { Limit: 67_108_864n, Swap: 134_217_728n, Swappiness: 60n },
          CPU: { Quota: 50_000n, Period: 100_000n, Shares: 512n },
          Pids: { Limit: 20n },
        },
      },
    ]);
  });
});

test('a workload that was killed for lack of memory is one clear line', async () => {
  await using hako = await world();
  const running = hako.run('run', '--name', 'box', hako.image, 'patient');
  await expect.poll(() => hako.sandbox.agent.calls.includes('startContainer')).toBe(true);
  hako.sandbox.agent.processes.get('box')?.deliver(9);
  hako.sandbox.agent.oomQueue.put('box');
  const { exitCode, stderr } = await running;
  expect(exitCode).toBe(137);
  expect(stderr).toMatch(/^hako: the workload was killed for lack of memory; [^\n]+\n$/);
});

test('a workload that was killed otherwise is not said to lack memory', async () => {
  await using hako = await world();
  const running = hako.run('run', '--name', 'box', hako.image, 'patient');
  await expect.poll(() => hako.sandbox.agent.calls.includes('startContainer')).toBe(true);
  hako.sandbox.agent.processes.get('box')?.deliver(9);
  expect(await running).toMatchObject({ exitCode: 137, stderr: '' });
});

test('a further container runs in the sandbox and leaves it as it was', async () => {
  await using hako = await world();
  const ended = await hako.beside(async () => {
    const { agent, shares } = hako.sandbox;
    const before = [...shares.keys()];
    expect(await hako.run('run', '--sandbox', 'box', hako.image, 'echo', 'beside')).toMatchObject({
      exitCode: 0,
      stdout: Buffer.from('beside\n'),
      stderr: '',
    });
    expect([...agent.containers.keys()]).toEqual(['box']);
    expect([...shares.keys()]).toEqual(before);
    expect(await hako.run('run', '--sandbox', 'box', hako.image, 'nope')).toMatchObject({ exitCode: 127 });
    expect(hako.sandbox.hypervisor.vms).toHaveLength(1);
  });
  expect(ended).toMatchObject({ exitCode: 42 });
  expect(await readdir(join(hako.directory, 'run'))).toEqual([]);
});

test('a further container ends with its sandbox, in one clear line', async () => {
  await using hako = await world();
  const beside = Promise.withResolvers<Awaited<ReturnType<FakeConsole['run']>>>();
  await hako.beside(async () => {
    const running = hako.run('run', '--sandbox', 'box', hako.image, 'patient');
    running.then(beside.resolve, beside.reject);
    await expect
      .poll(() => hako.sandbox.agent.calls.filter((call) => call === 'startContainer'))
      .toHaveLength(2);
  });
  expect(await beside.promise).toMatchObject({
    exitCode: 125,
    stderr: 'hako: sandbox box ended; see `hako ps`\n',
  });
});

test.for([
  { words: ['pause', 'nobody'], says: /no sandbox "nobody"; see `hako ps`/ },
  { words: ['unpause', 'nobody'], says: /no sandbox "nobody"/ },
  { words: ['stats', 'nobody'], says: /no sandbox "nobody"/ },
  { words: ['update', '--pids', '5', 'nobody'], says: /no sandbox "nobody"/ },
  { words: ['update', 'nobody'], says: /no limit is given; use --memory, --memory-swap/ },
  {
    words: ['update', '--memory', 'lots', 'nobody'],
    says: /memory "lots" is not a size; write a size such as/,
  },
  {
    words: ['update', '--cpus', '0.001', 'nobody'],
    says: /"0.001" CPUs are not possible; give a number from 0.01/,
  },
  { words: ['update', '--cpus', '-1', 'nobody'], says: /"-1" CPUs are not possible/ },
  {
    words: ['update', '--pids', '0', 'nobody'],
    says: /"0" processes are not possible; give a whole number from 1/,
  },
  { words: ['update', '--cpu-shares', '1', 'nobody'], says: /"1" CPU shares are not possible/ },
  { words: ['pause'], says: /missing required argument 'sandbox'/ },
  { words: ['run', '--sandbox', 'nobody', '$IMAGE', 'echo'], says: /no sandbox "nobody"/ },
  ...[
    '-d',
    '--max-memory=1g',
    '--max-cpus=2',
    '--guest-swap',
    '--host-cpus=1',
    '--name=x',
    '--network=user',
    '--config=/x',
    '--rm',
  ].map((word) => ({
    words: ['run', '--sandbox', 'nobody', word, 'busybox'],
    says: /--[a-z-]+ does not go with --sandbox; leave it out: the machine exists already/,
  })),
])('$words says $says in one line', async ({ words, says }) => {
  await using hako = await world();
  const { exitCode, stderr, stdout } = await hako.run(
    ...words.map((word) => word.replace('$IMAGE', hako.image)),
  );
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^hako: [^\n]+\n$/);
  expect(stdout).toHaveLength(0);
  expect(exitCode).toBe(125);
});

test('a CPU share is that of the time since the sample before, and large counters stay exact', () => {
  const sample = (takenAtMs: number, totalNs: bigint): Sample => ({
    name: 'a\u001B[2J',
    takenAtMs,
    stats: {
      cpu: { totalNs, userNs: 0n, kernelNs: 0n, quotaPeriods: 0n, throttledPeriods: 0n, throttledNs: 0n },
      pids: { current: 1n, limit: 20n },
      interfaces: [],
    },
  });
  const before = sample(1_000, 1_000_000_000n);
  const now = sample(3_000, 2_000_000_000n);
  const [, line] = statsTable([now], new Map([[before.name, before]])).split('\n');
  expect(line?.split(/ {3,}/)).toEqual(['a\\u{1b}[2J', '50.0%', '2.00s', '-', '-', '1/20', '-', '-']);
  expect(statsJson([sample(0, 2n ** 63n)], 0)).toContain('"totalNs":"9223372036854775808"');
});

test.for([
  { text: '0', bytes: 0 },
  { text: '4k', bytes: 4096 },
  { text: '1.5m', bytes: 1_572_864 },
])('$text is $bytes bytes', ({ text, bytes }) => {
  expect(parseBytes(text)).toBe(bytes);
});

test('a sandbox without owner is called orphaned, its secrets are not listed, and it is removed by force', async () => {
  await using hako = await world();
  const image = await resolveImage(hako.image);
  const sandbox = await createSandbox({ id: 'box', onOwnerExit: 'keep' }, hako.sandbox.components);
  const container = await sandbox.createContainer({ image, command: ['patient'], env: ['KEY=hidden'] });
  for (const stream of [container.stdout, container.stderr]) stream.on('error', () => undefined).resume();
  await container.start();
  await sandbox.release();
  expect((await hako.run('ps')).stdout.toString()).toMatch(/^box .* orphaned *$/m);
  expect((await hako.run('ps', '--json')).stdout.toString()).not.toContain('hidden');
  expect((await hako.run('rm', 'box')).stderr).toContain('sandbox box is orphaned');
  expect(await hako.run('rm', '-f', 'box')).toMatchObject({ exitCode: 0, stdout: Buffer.from('box\n') });
  expect(await listSandboxes()).toEqual([]);
});
