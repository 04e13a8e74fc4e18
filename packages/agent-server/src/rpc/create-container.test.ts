// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { OciSpec } from '@hako/protocols';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { pathExists } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';
import { refusal } from '../testing/refusal.ts';

const anyLinux = { namespaces: [{ type: 'mount' }, { type: 'ipc' }, { type: 'uts' }] };

describe.each(testedAgents)('CreateContainer $title', ({ skip, start }) => {
  async function expectNothingLeft(harness: TestedAgentHarness, containerId: string): Promise<void> {
    expect(await pathExists(harness, join(harness.paths.kataDir, containerId))).toBe(false);
  }

  test.skipIf(skip).each([
    { title: 'an empty id', id: '', text: 'invalid_container_id' },
    { title: 'an id of one character', id: 'a', text: 'invalid_container_id' },
    { title: 'an id that leads upwards', id: '../x', text: 'invalid_container_id' },
    { title: 'an id that begins with a dot', id: '.ab', text: 'invalid_container_id' },
    { title: 'an id that looks like an option', id: '-rf', text: 'invalid_container_id' },
    { title: 'an id with a space', id: 'a b', text: 'invalid_container_id' },
    { title: 'an id that is no file name', id: 'x'.repeat(300), text: 'invalid_container_id' },
  ])('refuses $title [INTERNAL]', async ({ id, text }) => {
    await using harness = await start();
    await expect(
      harness.client.createContainer(createRequest(id, harness.rootfs, sleeper)),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  const specCases: readonly {
    readonly title: string;
    readonly args?: readonly string[];
    readonly changes: Partial<OciSpec>;
    readonly text: string;
  }[] = [
    { title: 'a program that is not there', args: ['/no/such'], changes: {}, text: 'program_not_found' },
    { title: 'a program that is not in PATH', args: ['nosuch'], changes: {}, text: 'program_not_found' },
    { title: 'a directory as program', args: ['/etc'], changes: {}, text: 'program_not_executable' },
    { title: 'no arguments', args: [], changes: {}, text: 'has no program' },
    { title: 'a relative root', changes: { root: { path: 'rootfs' } }, text: 'invalid_spec' },
    {
      title: 'a root that does not exist',
      changes: { root: { path: '/no/such/root' } },
      text: 'invalid_spec',
    },
    {
      title: 'no mount namespace',
      changes: { linux: { namespaces: [{ type: 'ipc' }] } },
      text: 'no mount namespace',
    },
    {
      title: 'a host name without uts namespace',
      changes: { hostname: 'box', linux: { namespaces: [{ type: 'mount' }] } },
      text: 'host name needs a uts namespace',
    },
    {
      title: 'id mappings without user namespace',
      changes: { linux: { ...anyLinux, uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] } },
      text: 'id mappings need a user namespace',
    },
    {
      title: 'a kernel parameter of the guest',
      changes: { linux: { ...anyLinux, sysctl: { 'vm.swappiness': '0' } } },
      text: 'vm.swappiness',
    },
    {
      title: 'the host name as a kernel parameter',
      changes: { linux: { ...anyLinux, sysctl: { 'kernel.hostname': 'x' } } },
      text: 'kernel.hostname',
    },
    {
      title: 'a mount that leads upwards',
      changes: { mounts: [{ destination: '/a/../../b', type: 'tmpfs', source: 'tmpfs' }] },
      text: 'leads upwards',
    },
    {
      title: 'a mount over a part of /proc',
      changes: { mounts: [{ destination: '/proc/sys', type: 'tmpfs', source: 'tmpfs' }] },
      text: 'hides a part of /proc',
    },
    {
      title: 'a cgroup path that leads upwards',
      changes: { linux: { ...anyLinux, cgroupsPath: '/../x' } },
      text: 'upwards',
    },
  ];

  test.skipIf(skip).each(specCases)(
    'refuses $title and leaves nothing [INTERNAL]',
    async ({ args = sleeper, changes, text }) => {
      await using harness = await start();
      await harness.client.createSandbox({});
      await expect(
        harness.client.createContainer(createRequest('c1', harness.rootfs, args, changes)),
      ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
      await expectNothingLeft(harness, 'c1');
      await runContainer(harness, 'c1', sleeper);
    },
  );

  test.skipIf(skip)(
    'refuses a request without specification, process, root or linux section [INTERNAL]',
    async () => {
      await using harness = await start();
      const { client, rootfs } = harness;
      const whole = createRequest('c1', rootfs, sleeper);
      await expect(client.createContainer({ containerId: 'c1' })).rejects.toMatchObject(
        refusal(Status.INTERNAL, 'EINVAL'),
      );
      for (const part of ['Process', 'Root', 'Linux'] as const) {
        const request = { ...whole, OCI: { ...whole.OCI, [part]: undefined } };
        await expect(client.createContainer(request)).rejects.toMatchObject({ code: Status.INTERNAL });
      }
      await expectNothingLeft(harness, 'c1');
    },
  );

  test.skipIf(skip)('refuses an id in use and leaves the first container alone [INTERNAL]', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createSandbox({});
    await runContainer(harness, 'c1', ['cat']);
    await expect(client.createContainer(createRequest('c1', rootfs, sleeper))).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'container_exists'),
    );
    await client.writeStdin({ containerId: 'c1', data: Buffer.from('still here') });
    expect(Buffer.from((await client.readStdout({ containerId: 'c1', len: 99 })).data).toString()).toBe(
      'still here',
    );
  });

  test.skipIf(skip)('refuses one of two requests for the same id that come together [INTERNAL]', async () => {
    await using harness = await start();
    const request = createRequest('c1', harness.rootfs, sleeper);
    const results = await Promise.allSettled([
      harness.client.createContainer(request),
      harness.client.createContainer(request),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  test.skipIf(skip)('waits just before the program', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest('c1', rootfs, ['sh', '-c', 'echo ran\nexit 0']));
    const read = client.readStdout({ containerId: 'c1', len: 10 });
    await client.statsContainer({ containerId: 'c1' });
    await client.startContainer({ containerId: 'c1' });
    expect(Buffer.from((await read).data).toString()).toBe('ran\n');
  });

  test.skipIf(skip)('works without CreateSandbox', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['sh', '-c', 'exit 0']);
    expect(await harness.client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });
});
