// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('ExecProcess $title', ({ skip, start, kind }) => {
  test.skipIf(skip)('runs a program at once and keeps its exit code', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.execProcess(execRequest('c1', 'e1', ['sh', '-c', 'echo out\necho err >&2\nexit 3']));
    const named = { containerId: 'c1', execId: 'e1' };
    expect(await readAll(harness, named)).toBe('out\n');
    expect(await readAll(harness, named, 'readStderr')).toBe('err\n');
    expect(await client.waitProcess(named)).toEqual({ status: 3 });
    await expect(client.waitProcess(named)).rejects.toMatchObject({ code: Status.NOT_FOUND });
  });

  test.skipIf(skip)('never loses the end of programs that end at once', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const codes = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map(async (code) => {
        const execId = `e${code}`;
        await harness.client.execProcess(execRequest('c1', execId, ['sh', '-c', `exit ${code}`]));
        return (await harness.client.waitProcess({ containerId: 'c1', execId })).status;
      }),
    );
    expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test.skipIf(skip)('works in a container that has not been started', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest('c1', rootfs, sleeper));
    await client.execProcess(execRequest('c1', 'e1', ['sh', '-c', 'echo early']));
    expect(await readAll(harness, { containerId: 'c1', execId: 'e1' })).toBe('early\n');
  });

  test.skipIf(skip).each([
    { title: 'a program that is not there', args: ['/no/such'], text: 'program_not_found' },
    { title: 'a program that is not in PATH', args: ['nosuch'], text: 'program_not_found' },
    { title: 'a directory as program', args: ['/etc'], text: 'program_not_executable' },
    { title: 'no arguments', args: [], text: 'has no program' },
  ])('refuses $title and frees the exec id [INTERNAL]', async ({ args, text }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.execProcess(execRequest('c1', 'e1', args))).rejects.toMatchObject(
      refusal(Status.INTERNAL, text),
    );
    await expect(harness.client.waitProcess({ containerId: 'c1', execId: 'e1' })).rejects.toMatchObject({
      code: Status.NOT_FOUND,
    });
    await harness.client.execProcess(execRequest('c1', 'e1', ['true']));
    expect(await harness.client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('refuses an exec id in use, the id of the container and none [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', sleeper));
    for (const execId of ['e1', 'c1', '']) {
      await expect(harness.client.execProcess(execRequest('c1', execId, ['true']))).rejects.toMatchObject(
        refusal(Status.INTERNAL, 'process_exists'),
      );
    }
  });

  const processCases: readonly {
    readonly title: string;
    readonly changes: Parameters<typeof execRequest>[3];
    readonly script: string;
    readonly says: RegExp;
  }[] = [
    {
      title: 'its user and groups, and no capabilities at hand',
      changes: { User: { UID: 7, GID: 8, AdditionalGids: [9, 10] } },
      script: 'cat /proc/self/status',
      says: /^Uid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8\n[^]*^Groups:\t9 10 $[^]*^CapEff:\t0+$/m,
    },
    {
      title: 'only the capabilities it is given',
      changes: { Capabilities: { Bounding: ['CAP_KILL'], Effective: ['KILL'], Permitted: ['CAP_KILL'] } },
      script: 'cat /proc/self/status',
      says: /^CapPrm:\t0+20\nCapEff:\t0+20\nCapBnd:\t0+20$/m,
    },
    {
      title: 'its limits',
      changes: { Rlimits: [{ Type: 'RLIMIT_CORE', Hard: 2n ** 64n - 1n, Soft: 2n ** 64n - 1n }] },
      script: 'cat /proc/self/limits',
      says: /^Max core file size +unlimited +unlimited/m,
    },
    {
      title: 'no new privileges',
      changes: { NoNewPrivileges: true },
      script: 'cat /proc/self/status',
      says: /^NoNewPrivs:\t1$/m,
    },
    {
      title: 'its place in the order of the OOM killer',
      changes: { OOMScoreAdj: 444n },
      script: 'cat /proc/self/oom_score_adj',
      says: /^444$/m,
    },
    {
      title: 'its working directory and environment',
      changes: { Cwd: '/etc', Env: ['PATH=/bin', 'ONE=1 2'] },
      script: 'readlink /proc/self/cwd; echo $ONE; echo home=$HOME',
      says: /^\/etc\n1 2\nhome=\/$/m,
    },
    {
      title: 'the namespaces and the cgroup of the container',
      changes: {},
      script:
        'cd /proc; readlink 1/ns/pid 1/ns/mnt; cat 1/cgroup; readlink self/ns/pid self/ns/mnt; cat self/cgroup',
      says: /^([^]+)\1$/,
    },
  ];
  test.skipIf(skip || kind === 'fake').each(processCases)(
    'gives the process $title',
    async ({ changes, script, says }) => {
      await using harness = await start();
      await runContainer(harness, 'c1', sleeper);
      await harness.client.execProcess(execRequest('c1', 'e1', ['sh', '-c', script], changes));
      expect(await readAll(harness, { containerId: 'c1', execId: 'e1' })).toMatch(says);
    },
  );

  test.skipIf(skip).each(['../e1', '-e1', 'a b', 'a/b', 'a\nb', 'x'.repeat(300)])(
    'refuses the exec id %j [INTERNAL]',
    async (execId) => {
      await using harness = await start();
      await runContainer(harness, 'c1', sleeper);
      await expect(harness.client.execProcess(execRequest('c1', execId, ['true']))).rejects.toMatchObject(
        refusal(Status.INTERNAL, 'invalid_exec_id'),
      );
    },
  );

  test.skipIf(skip)('refuses a user name the container does not know [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const request = { ...execRequest('c1', 'e1', ['true']), stringUser: { uid: 'nobody-at-all' } };
    await expect(harness.client.execProcess(request)).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'no user "nobody-at-all"'),
    );
  });

  test.skipIf(skip)(
    'refuses a container that does not exist or has ended, and no process [INTERNAL]',
    async () => {
      await using harness = await start();
      const { client } = harness;
      await runContainer(harness, 'c1', ['true']);
      await expect(client.execProcess({ containerId: 'c1', execId: 'e1' })).rejects.toMatchObject({
        code: Status.INTERNAL,
      });
      await client.waitProcess({ containerId: 'c1' });
      for (const containerId of ['c1', 'nope']) {
        await expect(client.execProcess(execRequest(containerId, 'e1', ['true']))).rejects.toMatchObject({
          code: Status.INTERNAL,
        });
      }
    },
  );
});
