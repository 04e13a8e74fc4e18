// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { findPasst, findSandbox, listSandboxes } from '@hako/sandbox';
import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { realHako } from './testing/real-hako.ts';
import { untilRunning } from './testing/until-running.ts';
import { watchMachines } from './testing/watch-machines.ts';

const consoles = 'hako';
const obstacle = await machineObstacle();

const passtMissing = await findPasst().then(
  () => '',
  () => ' (skipped: no passt, or one older than 2024)',
);

/** Everything a port of this host says. */
async function readFrom(port: number): Promise<string> {
  return await text(connect(port, '127.0.0.1'));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

describe.skipIf(obstacle !== '')(`hako with real machines${obstacle}`, () => {
  watchMachines(consoles);

  test('a workload prints and gives its exit code, and nothing is left [proves share virtio-fs, mount shm, machine q35, initrd, root virtio-blk, agent by virtio-serial, shared memory, sandbox.ready, sandbox.createContainer, sandbox.stop, container.start, container.wait, container.remove]', async () => {
    await using hako = await realHako(consoles);
    expect(await hako.run('run', 'busybox', 'sh', '-c', 'echo hi; exit 7')).toEqual({
      exitCode: 7,
      stdout: 'hi\n',
      stderr: '',
    });
    expect(await hako.leftovers()).toEqual([]);
  });

  test('a workload is alone in a machine with a kernel and a host name of its own [proves mount left alone]', async () => {
    await using hako = await realHako(consoles);
    const script =
      'cat /proc/1/comm; hostname; uname -r; cat /proc/self/cgroup; id -u; touch /written && echo writable';
    const { stdout } = await hako.run('run', '--hostname', 'inner', 'busybox', 'sh', '-c', script);
    const [first, name, kernel, , user, written] = stdout.split('\n');
    expect([first, name, user, written]).toEqual(['sh', 'inner', '0', 'writable']);
    expect(kernel).not.toBe((await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim());
  });

  test('machines from one template have the right time and random numbers of their own [proves templates]', async () => {
    await using hako = await realHako(consoles);
    const script = 'date +%s; head -c 16 /dev/urandom | base64';
    const numbers = new Set<string | undefined>();
    for (const template of ['always', 'always', 'never']) {
      const beforeSeconds = Math.floor(Date.now() / 1000);
      const { stdout } = await hako.run('run', '--template', template, 'busybox', 'sh', '-c', script);
      const [seconds, random] = stdout.split('\n');
      expect(Number(seconds), template).toBeGreaterThanOrEqual(beforeSeconds);
      expect(Number(seconds), template).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
      numbers.add(random);
    }
    expect(numbers.size).toBe(3);
    expect(await hako.leftovers()).toEqual([]);
  });

  test.for([
    { network: 'user', missing: '' },
    { network: 'passt', missing: passtMissing },
  ])(
    'a workload reaches the host over $network, and is reached through a published port$missing [proves endpoint user]',
    async ({ network, missing }, { skip }) => {
      skip(missing !== '');
      await using hako = await realHako(consoles);
      await using server = createServer((connection) => connection.end('from the host\n')).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      const address = server.address();
      const hostPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
      const script = `nc 10.0.2.2 ${hostPort}; echo from the box | nc -l -p 80; ip -o link | wc -l`;
      const published = await freePort();
      const running = hako.run(
        ...['run', '--network', network, '-p', `${published}:80`, 'busybox', 'sh', '-c', script],
      );
      await expect
        .poll(() => readFrom(published).catch(() => ''), { timeout: 60_000, interval: 200 })
        .toBe('from the box\n');
      expect(await running).toMatchObject({ exitCode: 0, stdout: 'from the host\n2\n' });
      expect((await hako.run('run', 'busybox', 'sh', '-c', 'ip -o link | wc -l')).stdout).toBe('1\n');
      expect(await hako.leftovers()).toEqual([]);
    },
  );

  test('a megabyte of input comes back unchanged', async () => {
    await using hako = await realHako(consoles);
    const input = Array.from({ length: 40_000 }, (_, index) => `line ${index} größe\n`).join('');
    const { stdout, exitCode } = await hako.start(['run', '-i', 'busybox', 'cat'], input).finished;
    expect(exitCode).toBe(0);
    expect(stdout === input).toBe(true);
  });

  test('volumes share files both ways, and read-only ones refuse writes [proves mount shared, mount read-only]', async () => {
    await using hako = await realHako(consoles);
    const shared = join(hako.directory, 'shared');
    await mkdir(shared);
    await writeFile(join(shared, 'from-host'), 'host\n');
    const script = 'cat /rw/from-host; echo guest > /rw/from-guest; echo no > /ro/refused; echo $?';
    const { stdout, stderr } = await hako.run(
      'run',
      '-v',
      `${shared}:/rw`,
      '-v',
      `${shared}:/ro:ro`,
      'busybox',
      'sh',
      '-c',
      script,
    );
    expect(stdout).toBe('host\n1\n');
    expect(stderr).toContain('Read-only file system');
    expect(await readFile(join(shared, 'from-guest'), 'utf8')).toBe('guest\n');
    expect(await hako.leftovers()).toEqual([]);
  });

  test.for([
    { command: ['nope'], exitCode: 127, says: 'command "nope" not found' },
    { command: ['/etc'], exitCode: 126, says: 'command "/etc" cannot be executed' },
    { command: ['/etc/passwd'], exitCode: 126, says: 'command "/etc/passwd" cannot be executed' },
  ])('$command ends with $exitCode', async ({ command, exitCode, says }) => {
    await using hako = await realHako(consoles);
    const ended = await hako.run('run', 'busybox', ...command);
    expect(ended).toMatchObject({ exitCode, stdout: '' });
    expect(ended.stderr).toContain(says);
    expect(await hako.leftovers()).toEqual([]);
  });

  test('two sandboxes live beside each other; other commands see, enter, follow and stop them [proves attach from another process, container.exec]', async () => {
    await using hako = await realHako(consoles);
    const script = 'trap "echo bye; exit 3" TERM; echo started; while :; do sleep 0.1; done';
    const started = await Promise.all(
      ['one', 'two'].map((name) => hako.run('run', '-d', '--name', name, 'busybox', 'sh', '-c', script)),
    );
    expect(started.map(({ stdout }) => stdout)).toEqual(['one\n', 'two\n']);
    expect((await hako.run('ps', '-q')).stdout.trim().split('\n').sort()).toEqual(['one', 'two']);
    expect(
      await hako.start(['exec', '-i', 'one', 'sh', '-c', 'cat; hostname; exit 9'], 'in\n').finished,
    ).toEqual({
      exitCode: 9,
      stdout: 'in\none\n',
      stderr: '',
    });
    const following = hako.run('logs', '-f', 'two');
    // Before it has said so it does not listen to signals yet.
    for (const name of ['one', 'two'])
      await expect.poll(async () => (await hako.run('logs', name)).stdout).toBe('started\n');
    expect((await hako.run('stop', 'one', 'two')).exitCode).toBe(0);
    expect((await following).stdout).toBe('started\nbye\n');
    expect(await findSandbox('two', { runRoot: hako.runRoot })).toMatchObject({
      status: 'exited',
      exitCode: 3,
    });
    expect((await hako.run('rm', 'one', 'two')).exitCode).toBe(0);
    expect(await hako.leftovers()).toEqual([]);
  });

  test.for(['vmm', 'owner'] as const)(
    'when the %s is killed, everything ends and nothing is left [proves sandbox.pids]',
    async (victim) => {
      await using hako = await realHako(consoles);
      const { child, finished } = hako.start(['run', '--name', 'doomed', 'busybox', 'sleep', '1000']);
      await untilRunning(hako, 'doomed');
      const pid = victim === 'owner' ? (child.pid ?? 0) : await qemuOf(join(hako.runRoot, 'doomed'));
      process.kill(pid, 'SIGKILL');
      const { exitCode, stderr } = await finished;
      if (victim === 'vmm') {
        expect(exitCode).toBe(125);
        expect(stderr).toMatch(/^hako: the virtual machine ended unexpectedly: [^\n]*SIGKILL[^\n]*\n$/);
      }
      // What a killed owner leaves is swept by the next look; its processes die with it.
      await expect
        .poll(async () => [await listSandboxes({ runRoot: hako.runRoot }), await hako.leftovers()], {
          timeout: 30_000,
        })
        .toEqual([[], []]);
    },
  );

  test('twenty runs in a row leave nothing behind', { timeout: 600_000 }, async () => {
    await using hako = await realHako(consoles);
    for (let index = 0; index < 20; index++) {
      expect(await hako.run('run', 'busybox', 'echo', String(index))).toMatchObject({
        exitCode: 0,
        stdout: `${index}\n`,
      });
    }
    expect(await hako.leftovers()).toEqual([]);
  });
});

async function qemuOf(directory: string): Promise<number> {
  for (const id of await readdir('/proc')) {
    const words = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    if (/^[^\0]*qemu-system/.test(words) && words.includes(directory)) return Number(id);
  }
  throw new Error(`no machine in ${directory}`);
}
