// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { shellOutput, writeText } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';

/** What a process finds in its container; a fake has nothing to find. */
const realAgents = testedAgents.filter(({ kind }) => kind !== 'fake');
const namespaces = [{ type: 'mount' }, { type: 'ipc' }, { type: 'uts' }];
const shell = (script: string) => ['sh', '-c', script];
const base = { cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };

/** Runs a script as the program of a container and gives what it says. */
async function sayingOf(
  harness: TestedAgentHarness,
  script: string,
  changes: Partial<OciSpec> = {},
  containerId = 'c1',
): Promise<string> {
  await runContainer(harness, containerId, shell(script), changes);
  return await readAll(harness, { containerId });
}

describe.each(realAgents)('CreateContainer for a process $title', ({ skip, start }) => {
  test.skipIf(skip)('shares ipc and uts with the sandbox, and nothing else', async () => {
    await using harness = await start();
    await harness.client.createSandbox({ hostname: 'the-sandbox' });
    const types = ['ipc', 'uts', 'pid', 'mnt', 'net'];
    const script = `hostname; for ns in ${types.join(' ')}; do readlink /proc/self/ns/$ns; done; exec sleep 1000`;
    const said = async (containerId: string) => {
      await runContainer(harness, containerId, shell(script));
      let text = '';
      while (!text.includes('net:[')) {
        text += Buffer.from((await harness.client.readStdout({ containerId, len: 1000 })).data).toString();
      }
      return text.split('\n');
    };
    const [one, two] = [await said('c1'), await said('c2')];
    expect([one[0], two[0]]).toEqual(['the-sandbox', 'the-sandbox']);
    const shared = types.filter((_type, index) => one[index + 1] === two[index + 1]);
    expect(shared).toEqual(['ipc', 'uts', 'net']);
  });

  test.skipIf(skip)('shares the pid namespace of the first container on request', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.createContainer({ ...createRequest('c2', rootfs, sleeper), sandboxPidns: true });
    await client.startContainer({ containerId: 'c2' });
    let looks = 0;
    const processes = async () => {
      const execId = `e${(looks += 1)}`;
      await client.execProcess(execRequest('c2', execId, shell('ps -o pid,args')));
      return await readAll(harness, { containerId: 'c2', execId });
    };
    // A container that is started may still be about to become its program.
    await expect.poll(processes).toMatch(/^ +1 +sleep 1000\n +[2-9]\d* +sleep 1000$/m);
    await client.signalProcess({ containerId: 'c1', execId: 'c1', signal: 9 });
    for (const containerId of ['c1', 'c2']) {
      expect(await client.waitProcess({ containerId })).toEqual({ status: 137 });
    }
    await expect(
      client.createContainer({ ...createRequest('c3', rootfs, sleeper), sandboxPidns: true }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'no pid namespace to share any more'));
  });

  test.skipIf(skip)(
    'keeps all capabilities for root, none at hand for others, and gives a HOME',
    async () => {
      await using harness = await start();
      const users = 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n';
      await writeText(harness, `${harness.rootfs}/etc/passwd`, users);
      const script = 'cat /proc/self/status; echo home=$HOME';
      const own = /^CapBnd:\s*(\w+)$/m.exec(await shellOutput(harness, 'cat /proc/self/status'))?.[1];
      const asRoot = await sayingOf(harness, script);
      expect(/^CapEff:\s*(\w+)$/m.exec(asRoot)?.[1]).toBe(own);
      expect(asRoot).toContain('home=/root\n');
      const process = { ...base, args: shell(script), user: { uid: 1000, gid: 1000 } };
      const asUser = await sayingOf(harness, '', { process }, 'c2');
      expect(asUser).toMatch(/^CapEff:\t0+$/m);
      expect(/^CapBnd:\s*(\w+)$/m.exec(asUser)?.[1]).toBe(own);
      expect(asUser).toContain('home=/home/user\n');
    },
  );

  const setOf = (...names: string[]) => ({ bounding: names, effective: names, permitted: names });
  const processCases: readonly {
    readonly title: string;
    readonly process: Partial<NonNullable<OciSpec['process']>>;
    readonly script: string;
    readonly says: RegExp;
  }[] = [
    {
      title: 'only the capabilities it is given',
      process: { capabilities: setOf('CAP_KILL') },
      script: 'cat /proc/self/status',
      says: /^CapPrm:\t0+20\nCapEff:\t0+20\nCapBnd:\t0+20$/m,
    },
    {
      title: 'no capability from empty sets',
      process: { capabilities: setOf() },
      script: 'cat /proc/self/status',
      says: /^CapPrm:\t0+\nCapEff:\t0+\nCapBnd:\t0+$/m,
    },
    {
      title: 'no new privileges',
      process: { noNewPrivileges: true },
      script: 'cat /proc/self/status',
      says: /^NoNewPrivs:\t1$/m,
    },
    {
      title: 'its user and groups',
      process: { user: { uid: 7, gid: 8, additionalGids: [9, 10] } },
      script: 'cat /proc/self/status',
      says: /^Uid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8\n[^]*^Groups:\t9 10 $/m,
    },
    {
      title: 'its limits, the largest ones included',
      process: {
        rlimits: [
          { type: 'RLIMIT_NOFILE', soft: 123, hard: 456 },
          { type: 'RLIMIT_CORE', soft: 2n ** 64n - 1n, hard: 2n ** 64n - 1n },
        ],
      },
      script: 'cat /proc/self/limits',
      says: /^Max core file size +unlimited +unlimited [^]*^Max open files +123 +456 /m,
    },
    {
      title: 'its place in the order of the OOM killer',
      process: { oomScoreAdj: 555 },
      script: 'cat /proc/self/oom_score_adj',
      says: /^555$/m,
    },
    {
      title: 'its environment only',
      process: { env: ['PATH=/bin', 'ONE=1 2', 'HOME=/there'] },
      script: 'env',
      says: /^(?=[^]*^ONE=1 2$)(?=[^]*^HOME=\/there$)(?![^]*^NODE)/m,
    },
    {
      title: 'its working directory',
      process: { cwd: '/etc' },
      script: 'readlink /proc/self/cwd',
      says: /^\/etc$/m,
    },
  ];
  test.skipIf(skip).each(processCases)('gives the process $title', async ({ process, script, says }) => {
    await using harness = await start();
    expect(await sayingOf(harness, '', { process: { ...base, args: shell(script), ...process } })).toMatch(
      says,
    );
  });

  const linuxCases: readonly {
    readonly title: string;
    readonly changes: Partial<OciSpec>;
    readonly prepare?: string;
    readonly script: string;
    readonly says: string;
  }[] = [
    {
      title: 'masks a file',
      changes: { linux: { namespaces, maskedPaths: ['/etc/secret', '/no/such'] } },
      prepare: 'echo secret > etc/secret',
      script: 'cat /etc/secret; echo end',
      says: 'end\n',
    },
    {
      title: 'masks a directory',
      changes: { linux: { namespaces, maskedPaths: ['/srv'] } },
      prepare: 'mkdir -p srv && echo secret > srv/file',
      script: 'ls -A /srv; echo no > /srv/new; echo end',
      says: 'end\n',
    },
    {
      title: 'makes a path read-only',
      changes: { linux: { namespaces, readonlyPaths: ['/etc'] } },
      script: 'echo x > /etc/new || echo refused; echo x > /tmp/new && echo written',
      says: 'refused\nwritten\n',
    },
    {
      title: 'makes the root read-only, but not what is mounted in it',
      changes: {},
      script: 'echo x > /etc/new || echo refused; echo x > /dev/new && echo written',
      says: 'refused\nwritten\n',
    },
    {
      title: 'has the devices everything needs',
      changes: {},
      script:
        'for d in null zero full random urandom tty ptmx; do ls /dev/$d; done; head -c 3 /dev/zero | cat',
      says: '/dev/null\n/dev/zero\n/dev/full\n/dev/random\n/dev/urandom\n/dev/tty\n/dev/ptmx\n\0\0\0',
    },
    {
      title: 'sets kernel parameters of its own namespaces',
      changes: { linux: { namespaces, sysctl: { 'kernel.shm_rmid_forced': '1' } } },
      script: 'cat /proc/sys/kernel/shm_rmid_forced',
      says: '1\n',
    },
    {
      title: 'runs hooks that belong inside',
      changes: {
        hooks: { startContainer: [{ path: '/bin/sh', args: shell('cat > /tmp/state'), env: ['PATH=/bin'] }] },
      },
      script: 'cat /tmp/state > /tmp/again && echo there',
      says: 'there\n',
    },
  ];
  test.skipIf(skip).each(linuxCases)('$title', async ({ title, changes, prepare, script, says }) => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createSandbox({});
    if (prepare !== undefined) await shellOutput(harness, `cd ${rootfs} && ${prepare}`);
    const root = { path: rootfs, readonly: title.includes('root read-only') };
    expect(await sayingOf(harness, script, { root, ...changes })).toBe(says);
  });

  const noMkdir = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
  };
  test.skipIf(skip).each([
    { title: 'with new privileges', noNewPrivileges: false },
    { title: 'without new privileges', noNewPrivileges: true },
  ])('applies seccomp filters to all its processes $title', async ({ noNewPrivileges }) => {
    await using harness = await start();
    const script = 'busybox mkdir /tmp/x; echo end; sleep 1000';
    const process = { ...base, args: shell(script), noNewPrivileges };
    await runContainer(harness, 'c1', [], { process, linux: { namespaces, seccomp: noMkdir } });
    const { data } = await harness.client.readStderr({ containerId: 'c1', len: 1000 });
    expect(Buffer.from(data).toString()).toContain('Permission denied');
    await harness.client.execProcess(execRequest('c1', 'e1', ['busybox', 'mkdir', '/tmp/y']));
    expect(await harness.client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 1 });
  });

  test.skipIf(skip)('finds a user by name, in the container', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await writeText(harness, `${rootfs}/etc/passwd`, 'web:x:33:44::/srv:/bin/sh\n');
    await writeText(harness, `${rootfs}/etc/group`, 'log:x:81:\n');
    const stringUser = { uid: 'web', gid: '', additionalGids: ['log'] };
    const script = shell('echo $(id -u) $(id -g) $(id -G); sleep 1000');
    await client.createContainer({ ...createRequest('c1', rootfs, script), stringUser });
    await client.startContainer({ containerId: 'c1' });
    const { data } = await client.readStdout({ containerId: 'c1', len: 100 });
    expect(Buffer.from(data).toString()).toBe('33 44 44 81\n');
    await client.execProcess({ ...execRequest('c1', 'e1', shell('id -u')), stringUser });
    expect(await readAll(harness, { containerId: 'c1', execId: 'e1' })).toBe('33\n');
  });

  test.skipIf(skip)('refuses a user name the container does not know [INTERNAL]', async () => {
    await using harness = await start();
    const request = createRequest('c1', harness.rootfs, sleeper);
    await expect(
      harness.client.createContainer({ ...request, stringUser: { uid: 'nobody-at-all' } }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'no user "nobody-at-all"'));
  });

  test.skipIf(skip).each([
    { title: 'leads upwards', cwd: '/etc/../..', text: 'leads upwards' },
    { title: 'is a descriptor of the runtime', cwd: '/proc/self/fd/7', text: 'leads out' },
    { title: 'is a link to one', cwd: '/link', text: 'leads out' },
    { title: 'is relative', cwd: 'etc', text: 'not absolute' },
  ])('refuses a working directory that $title [INTERNAL]', async ({ cwd, text }) => {
    await using harness = await start();
    await shellOutput(harness, `ln -s /proc/self/fd/7 ${harness.rootfs}/link`);
    const process = { ...base, args: [...sleeper], cwd };
    await expect(
      harness.client.createContainer(createRequest('c1', harness.rootfs, [], { process })),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
    await runContainer(harness, 'c2', sleeper);
    await expect(
      harness.client.execProcess(execRequest('c2', 'e1', ['true'], { Cwd: cwd })),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test.skipIf(skip)('makes a working directory that is missing', async () => {
    await using harness = await start();
    const process = { ...base, args: shell('readlink /proc/self/cwd'), cwd: '/made/for/it' };
    expect(await sayingOf(harness, '', { process })).toBe('/made/for/it\n');
  });

  test.skipIf(skip)('gives pipes of the size that is configured', async () => {
    await using harness = await start({ kernelWords: ['agent.container_pipe_size=1048576'] });
    // It ends although nobody reads, because the pipe takes everything.
    await runContainer(harness, 'c1', shell('head -c 1000000 /dev/zero'));
    expect(await harness.client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });
});
