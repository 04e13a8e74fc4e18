// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { type AgentHarness, startCrunAgent, whyNoContainers } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

const absent = whyNoContainers();
const title = absent === undefined ? 'a real container' : `a real container (skipped: ${absent})`;
const terminal = { terminal: true, args: [], cwd: '/', env: ['PATH=/bin', 'TERM=xterm'] };

describe.skipIf(absent !== undefined)(title, () => {
  async function outputOf(harness: AgentHarness, script: string, changes = {}): Promise<string> {
    await harness.client.execProcess(execRequest('c1', 'out', ['sh', '-c', script], changes));
    const text = await readAll(harness, { containerId: 'c1', execId: 'out' });
    await harness.client.waitProcess({ containerId: 'c1', execId: 'out' });
    return text;
  }

  /** Reads terminal output until it contains a text. */
  async function readUntil(harness: AgentHarness, execId: string, wanted: string): Promise<string> {
    let text = '';
    while (!text.includes(wanted)) {
      const { data } = await harness.client.readStdout({ containerId: 'c1', execId, len: 4096 });
      expect(data.length, `output so far: ${JSON.stringify(text)}`).toBeGreaterThan(0);
      text += Buffer.from(data).toString();
    }
    return text;
  }

  test('has namespaces of its own, and the name of the sandbox', async () => {
    await using harness = await startCrunAgent();
    await harness.client.createSandbox({ hostname: 'the-sandbox' });
    await runContainer(harness, 'c1', sleeper);
    expect(await outputOf(harness, 'hostname; echo pid $$')).toMatch(/^the-sandbox\npid [2-9]\d?\n$/);
    const initNamespace = await readFile('/proc/self/cgroup', 'utf8');
    expect(await outputOf(harness, 'cat /proc/1/cgroup')).not.toBe(initNamespace);
  });

  test('shares the pid namespace of the first container on request', async () => {
    await using harness = await startCrunAgent();
    const { client, rootfs } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.createContainer({
      ...createRequest('c2', rootfs, ['ps', '-o', 'pid,args']),
      sandboxPidns: true,
    });
    await client.startContainer({ containerId: 'c2' });
    expect(await readAll(harness, { containerId: 'c2' })).toMatch(/^ +1 +sleep 1000$/m);
  });

  test('keeps all capabilities for root, none at hand for others, and gets a HOME', async () => {
    await using harness = await startCrunAgent();
    const script = 'cat /proc/self/status; echo home=$HOME';
    await writeFile(
      join(harness.rootfs, 'etc/passwd'),
      'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n',
    );
    await runContainer(harness, 'c1', sleeper);
    const own = /^CapBnd:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    const asRoot = await outputOf(harness, script);
    expect(/^CapEff:\s*(\w+)$/m.exec(asRoot)?.[1]).toBe(own);
    expect(asRoot).toContain('home=/root\n');
    const process = {
      args: ['sh', '-c', `${script}; id`],
      cwd: '/',
      env: ['PATH=/bin'],
      user: { uid: 1000, gid: 1000 },
    };
    await runContainer(harness, 'c2', [], { process });
    const asUser = await readAll(harness, { containerId: 'c2' });
    expect(asUser).toMatch(/^CapEff:\t0+$/m);
    expect(asUser).toContain('uid=1000');
    expect(asUser).toContain('home=/home/user\n');
  });

  test('has real pipes, which programs may open again', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    expect(await outputOf(harness, 'readlink /proc/self/fd/1; echo again > /proc/self/fd/1')).toMatch(
      /^pipe:\[\d+\]\nagain\n$/,
    );
  });

  test.each([
    { title: 'a file without execute permission', args: ['plain'], text: 'program_not_executable' },
    { title: 'a working directory that does not exist', args: ['true'], cwd: '/no/such', text: '/no/such' },
    { title: 'a relative working directory', args: ['true'], cwd: 'tmp', text: 'not absolute' },
  ])('refuses $title', async ({ args, cwd = '/', text }) => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    await expect(
      harness.client.execProcess(execRequest('c1', 'e1', args, { Cwd: cwd })),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test('takes limits of 64 bits', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    const Rlimits = [{ Type: 'RLIMIT_CORE', Hard: 2n ** 64n - 1n, Soft: 2n ** 64n - 1n }];
    expect(await outputOf(harness, 'cat /proc/self/limits', { Rlimits })).toMatch(
      /^Max core file size +unlimited +unlimited/m,
    );
  });

  test('has a working terminal: size, interrupt, one stream, end', async () => {
    await using harness = await startCrunAgent();
    const { client } = harness;
    await runContainer(harness, 'c1', [], { process: { ...terminal, args: ['sh'] } });
    const type = (text: string) => client.writeStdin({ containerId: 'c1', data: Buffer.from(text) });
    await client.ttyWinResize({ containerId: 'c1', row: 33, column: 111 });
    await type('stty size; tty\n');
    expect(await readUntil(harness, '', '/dev/pts/')).toContain('33 111');
    await type(`sh -c "echo be''gun; exec sleep 1000"\n`);
    await readUntil(harness, '', 'begun');
    await type('\u0003');
    await type('echo code $?\n');
    await readUntil(harness, '', 'code 130');
    await type('echo on-error >&2\n');
    const { data } = await client.readStderr({ containerId: 'c1', len: 4096 });
    expect(data.length).toBeGreaterThan(0);
    await type('exit 9\n');
    await readAll(harness, { containerId: 'c1' });
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 9 });
  });

  test('hangs a terminal up at CloseStdin', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', ['sh'], { Terminal: true }));
    const named = { containerId: 'c1', execId: 'e1' };
    await harness.client.writeStdin({ ...named, data: Buffer.from('echo up\n') });
    await readUntil(harness, 'e1', 'up');
    await harness.client.closeStdin(named);
    await expect(harness.client.readStdout({ ...named, len: 10 })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
    await harness.client.closeStdin(named);
    expect((await harness.client.waitProcess(named)).status).toBeGreaterThan(128);
  });

  test('can be removed while it is frozen', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    const freezer = '/sys/fs/cgroup/freezer/c1/freezer.state';
    const frozenV2 = '/sys/fs/cgroup/c1/cgroup.freeze';
    await writeFile(freezer, 'FROZEN').catch(() => writeFile(frozenV2, '1'));
    await harness.client.removeContainer({ containerId: 'c1' });
  });

  test('is counted by its cgroup', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    await outputOf(harness, 'yes | head -c 1000000 > /dev/null');
    const { cgroupStats } = await harness.client.statsContainer({ containerId: 'c1' });
    expect(cgroupStats?.cpuStats?.cpuUsage?.totalUsage).toBeGreaterThan(0n);
    expect(cgroupStats?.memoryStats?.usage?.usage).toBeGreaterThan(0n);
    expect(cgroupStats?.pidsStats?.current).toBe(1n);
  });

  test('finds storages of the request in its mounts', async () => {
    await using harness = await startCrunAgent();
    const { client, rootfs, paths } = harness;
    await client.createSandbox({});
    const source = join(paths.sharedDir, 'data');
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'hello'), 'from the host');
    const mountPoint = join(paths.kataDir, 'volume');
    const changes = {
      mounts: [{ destination: '/data', type: 'bind', source: mountPoint, options: ['rbind'] }],
    };
    await client.createContainer({
      ...createRequest(
        'c1',
        rootfs,
        ['sh', '-c', 'cat /data/hello; echo x > /data/new || echo refused'],
        changes,
      ),
      storages: [{ driver: 'bind', source, fstype: 'bind', mountPoint, options: ['ro'] }],
    });
    await client.startContainer({ containerId: 'c1' });
    expect(await readAll(harness, { containerId: 'c1' })).toBe('from the hostrefused\n');
    await client.removeContainer({ containerId: 'c1' });
    expect(await readFile(join(source, 'hello'), 'utf8')).toBe('from the host');
  });

  test('leaves no descriptor and no file behind after many execs', async () => {
    await using harness = await startCrunAgent();
    await runContainer(harness, 'c1', sleeper);
    const run = async (round: number) => {
      const execId = `e${round}`;
      await harness.client.execProcess(execRequest('c1', execId, ['true']));
      await harness.client.waitProcess({ containerId: 'c1', execId });
    };
    const descriptors = () => readdirSync('/proc/self/fd').length;
    await run(0);
    const before = descriptors();
    for (let round = 1; round <= 30; round += 1) await run(round);
    expect(descriptors()).toBeLessThanOrEqual(before);
    expect(readdirSync(harness.paths.runtimeDir)).toEqual(['state']);
  });

  test('is gone, storages, namespaces and all, when the agent ends', async () => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
    {
      await using harness = await startCrunAgent();
      await harness.client.createSandbox({
        hostname: 'box',
        storages: [
          {
            driver: 'ephemeral',
            source: 'tmpfs',
            fstype: 'tmpfs',
            mountPoint: join(harness.paths.kataDir, 'sandbox/shm'),
            options: ['mode=1777', 'size=65536', 'nodev', 'fsgid=77'],
          },
        ],
      });
      await runContainer(harness, 'c1', sleeper);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).toMatch(
        /sandbox\/shm .*nodev.* - tmpfs tmpfs .*size=64k/,
      );
    }
    expect(readFileSync('/proc/self/mountinfo', 'utf8').split('\n')).toHaveLength(before);
  });
});
