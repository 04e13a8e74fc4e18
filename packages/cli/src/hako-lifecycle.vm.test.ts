// SPDX-License-Identifier: Apache-2.0
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { createSandbox, listSandboxes, resolveImage } from '@hako/sandbox';
import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { outputOf } from './testing/output-of.ts';
import { realHako, type RealHako } from './testing/real-hako.ts';
import { watchMachines } from './testing/watch-machines.ts';

const consoles = 'hako-lifecycle';
const obstacle = await machineObstacle();

const count = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done';
const spin = 'while :; do :; done';
/** Wants more memory than there is, once it is told to. */
const swell = 'while [ ! -e /go ]; do sleep 0.1; done; exec tail /dev/zero';

/** How long a machine that is emulated beside others may take for something. */
const patience = { timeout: 60_000, interval: 50 };

/** Starts a detached sandbox. */
async function detach(hako: RealHako, name: string, words: readonly string[]): Promise<void> {
  const { stdout, stderr } = await hako.run('run', '-d', '--name', name, ...words);
  expect({ stdout, stderr }).toEqual({ stdout: `${name}\n`, stderr: '' });
}

interface UsageJson {
  readonly cpu: { readonly totalNs: number };
  readonly memory: { readonly usageBytes: number; readonly limitBytes?: number };
  readonly pids: { readonly current: number; readonly limit?: number };
}

async function usageOf(hako: RealHako, name: string): Promise<UsageJson> {
  const { stdout } = await hako.run('stats', '--json', name);
  const [usage] = JSON.parse(stdout) as readonly UsageJson[];
  if (usage === undefined) throw new Error(`no statistics of ${name}`);
  return usage;
}

const logOf = async (hako: RealHako, name: string): Promise<string> => (await hako.run('logs', name)).stdout;

describe.skipIf(obstacle !== '')(`the life of real sandboxes${obstacle}`, () => {
  watchMachines(consoles);

  test('a paused workload prints nothing and uses no CPU time until it goes on [proves container.pause, container.resume]', async () => {
    await using hako = await realHako(consoles);
    await using _end = hako.endOf('paused');
    await detach(hako, 'paused', ['busybox', 'sh', '-c', count]);
    await expect.poll(() => logOf(hako, 'paused'), patience).not.toBe('');
    expect(await hako.run('pause', 'paused')).toEqual({ exitCode: 0, stdout: 'paused\n', stderr: '' });
    expect((await hako.run('pause', 'paused')).stderr).toMatch(
      /^hako: pause of the container failed: [^\n]*\n$/,
    );
    expect((await hako.run('ps')).stdout).toMatch(/^paused .* paused *$/m);
    // What was on its way when it froze arrives meanwhile.
    let frozen = '';
    await expect
      .poll(async () => {
        const earlier = frozen;
        frozen = await logOf(hako, 'paused');
        return frozen === earlier;
      }, patience)
      .toBe(true);
    const before = await usageOf(hako, 'paused');
    const after = await usageOf(hako, 'paused');
    expect(after.cpu.totalNs).toBe(before.cpu.totalNs);
    expect(await logOf(hako, 'paused')).toBe(frozen);
    expect((await hako.run('unpause', 'paused')).stdout).toBe('paused\n');
    expect((await hako.run('ps')).stdout).toMatch(/^paused .* running *$/m);
    await expect
      .poll(async () => (await logOf(hako, 'paused')).length, patience)
      .toBeGreaterThan(frozen.length);
    expect(await logOf(hako, 'paused')).toMatch(/^1\n2\n/);
    expect((await hako.run('stop', '-t', '20', 'paused')).exitCode).toBe(0);
    await hako.run('rm', 'paused');
    expect(await hako.leftovers()).toEqual([]);
  });

  test('statistics grow with the work, limits are seen in them, and a further container shares the machine [proves container.stats, container.update]', async () => {
    await using hako = await realHako(consoles);
    await using _end = hako.endOf('busy');
    await detach(hako, 'busy', ['--rm', '--hostname', 'pod', 'busybox', 'sh', '-c', spin]);
    const first = await usageOf(hako, 'busy');
    expect(first.memory.usageBytes).toBeGreaterThan(0);
    expect(first.pids).toMatchObject({ current: 1 });
    await expect
      .poll(async () => (await usageOf(hako, 'busy')).cpu.totalNs, patience)
      .toBeGreaterThan(first.cpu.totalNs);
    expect(
      (await hako.run('update', '--memory', '48m', '--pids', '30', '--cpus', '0.5', 'busy')).stderr,
    ).toBe('');
    expect(await usageOf(hako, 'busy')).toMatchObject({
      memory: { limitBytes: 48 << 20 },
      pids: { limit: 30 },
    });

    const shared = join(hako.directory, 'shared');
    await mkdir(shared);
    await writeFile(join(shared, 'file'), 'from the host\n');
    const script = 'cat /data/file; hostname; echo $$; cat /run/nothing; exit 7';
    const words = ['--sandbox', 'busy', '-v', `${shared}:/data:ro`, 'busybox', 'sh', '-c', script];
    const beside = await hako.run('run', ...words);
    expect(beside).toMatchObject({ exitCode: 7, stdout: 'from the host\npod\n1\n' });
    expect(beside.stderr).toContain('/run/nothing');

    const side = hako.start(['run', '--sandbox', 'busy', 'busybox', 'sleep', '1000']);
    const containers = async () => (await hako.run('ps', '-cq')).stdout.trim().split('\n');
    await expect.poll(containers, patience).toHaveLength(2);
    const [own, name = ''] = await containers();
    expect([own, name]).toEqual(['busy', expect.stringMatching(/^busy\/\w+$/)]);
    expect(JSON.parse((await hako.run('stats', '--json')).stdout)).toMatchObject([
      { name: 'busy' },
      { name },
    ]);
    expect(await hako.run('update', '--pids', '9', name)).toMatchObject({ stdout: `${name}\n` });
    expect(JSON.parse((await hako.run('stats', '--json', name)).stdout)).toMatchObject([
      { pids: { limit: 9 } },
    ]);
    expect((await hako.run('exec', name, 'hostname')).stdout).toBe('pod\n');
    expect(await listSandboxes({ runRoot: hako.runRoot })).toMatchObject([{ id: 'busy', status: 'running' }]);
    await hako.run('stop', '-t', '20', 'busy');
    await side.finished;
    expect(await hako.leftovers()).toEqual([]);
  });

  test.for(['foreground', 'detached'])(
    'a %s workload above its limit is killed, and told so [proves out of memory, sandbox.onOom, sandbox.ranOutOfMemory, container.kill]',
    async (how) => {
      await using hako = await realHako(consoles);
      await using _end = hako.endOf('small');
      const isDetached = how === 'detached';
      const words = ['--name', 'small', 'busybox', 'sh', '-c', swell];
      const { finished } = hako.start(['run', ...(isDetached ? ['-d'] : []), ...words]);
      await expect
        .poll(() => hako.run('update', '--memory', '24m', 'small'), patience)
        .toMatchObject({ exitCode: 0, stdout: 'small\n' });
      expect(await usageOf(hako, 'small')).toMatchObject({ memory: { limitBytes: 24 << 20 } });
      await hako.run('exec', 'small', 'touch', '/go');
      const { exitCode, stderr } = await finished;
      if (isDetached) {
        await expect
          .poll(async () => (await hako.run('ps')).stdout, patience)
          .toContain('exited (137, out of memory)');
        await hako.run('rm', 'small');
      } else {
        expect(exitCode).toBe(137);
        expect(stderr).toMatch(/^hako: the workload was killed for lack of memory; [^\n]+\n$/);
      }
      expect(await hako.leftovers()).toEqual([]);
    },
  );

  test('a pod of three containers shares IPC, host name, memory and, if wanted, processes [proves pod of several containers, shared pid namespace, sandbox.guestDetails, sandbox.metrics, container.resize]', async () => {
    await using hako = await realHako(consoles);
    const image = await resolveImage('busybox');
    const look = 'for name in ipc uts pid; do readlink /proc/self/ns/$name; done; hostname';
    for (const sharePidNamespace of [true, false]) {
      await using sandbox = await createSandbox({
        runRoot: hako.runRoot,
        hostname: 'pod',
        sharePidNamespace,
      });
      const script = `${look}; echo hello > /dev/shm/note; echo ready; exec sleep 1000`;
      await using first = await sandbox.createContainer({ image, command: ['sh', '-c', script] });
      first.stderr.on('error', () => undefined).resume();
      await first.start();
      let seen = '';
      for await (const data of first.stdout) {
        seen += String(data);
        if (seen.includes('ready\n')) break;
      }
      const [ipc, uts, pid, name] = seen.trim().split('\n');
      const second = await outputOf(sandbox, `${look}; cat /dev/shm/note; tr '\\0' ' ' < /proc/1/cmdline`);
      const [secondIpc, secondUts, secondPid, ...rest] = second.split('\n');
      expect([secondIpc, secondUts, rest[0], rest[1]]).toEqual([ipc, uts, name, 'hello']);
      expect(secondPid === pid).toBe(sharePidNamespace);
      expect(rest[2]?.startsWith('sleep 1000')).toBe(sharePidNamespace);
      expect(await outputOf(sandbox, 'ps -o args | grep -c "^sleep 1000"')).toBe(
        sharePidNamespace ? '1' : '0',
      );
      if (!sharePidNamespace) continue;
      expect(await sandbox.guestDetails()).toMatchObject({
        isInit: true,
        agentVersion: expect.any(String) as unknown,
      });
      expect(await sandbox.metrics()).toMatch(/^# (HELP|TYPE) /m);

      await using screen = await sandbox.createContainer({
        image,
        command: ['sh', '-c', 'read line; stty size'],
        terminal: true,
        stdin: 'pipe',
      });
      await screen.start();
      await screen.resize({ rows: 33, columns: 77 });
      screen.stdin.write('\n');
      let shown = '';
      for await (const data of screen.stdout) shown += String(data);
      expect(shown).toContain('33 77');
    }
    expect(await hako.leftovers()).toEqual([]);
  });

  test('a guest that panics leaves its memory where the configuration says, and nothing else [proves memory dump]', async () => {
    // What its console tells is no crash that nobody wants.
    await using hako = await realHako('hako-panic');
    const dumps = join(hako.directory, 'dumps');
    const file = join(hako.directory, 'configuration.toml');
    const lines = [
      '[hypervisor.qemu]',
      `guest_memory_dump_path = "${dumps}"`,
      'kernel_params = "sysctl.vm.panic_on_oom=1"',
      'default_memory = 256',
    ];
    await writeFile(file, lines.join('\n'));
    const words = ['--config', file, '--template', 'never', '--name', 'crashed'];
    const { exitCode, stderr } = await hako.run('run', ...words, 'busybox', 'tail', '/dev/zero');
    expect(exitCode).not.toBe(0);
    const path = /the guest kernel panicked; its memory is in (\S+\.elf)/.exec(stderr)?.[1] ?? stderr;
    const directory = join(dumps, 'crashed');
    const kept = ['hypervisor.conf', 'hypervisor.version', 'state', basename(path)];
    expect((await readdir(directory)).toSorted()).toEqual(kept);
    expect(await readdir(join(directory, 'state'))).toEqual(['console.log', 'state.json']);
    await using core = await open(path);
    expect((await core.stat()).size).toBeGreaterThan(256 << 20);
    expect((await core.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString('latin1')).toBe('\x7fELF');
    expect(await hako.leftovers()).toEqual([]);
  });

  test('a hypervisor that stands still is noticed, named and taken away [proves monitor]', async () => {
    await using hako = await realHako(consoles);
    await using sandbox = await createSandbox({
      runRoot: hako.runRoot,
      monitor: { intervalMs: 200, timeoutMs: 1_000 },
    });
    await sandbox.ready();
    process.kill(sandbox.pids().vmm, 'SIGSTOP');
    expect(await sandbox.ended).toMatchObject({ name: 'failed', error: { code: 'vm_unresponsive' } });
    expect(await hako.leftovers()).toEqual([]);
  });
});
