// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe('RemoveContainer on a fake machine', () => {
  test('says so when the limit passes, and is finished by a further call', async () => {
    await using harness = await startFakeAgent();
    const { client, runtime, mounter, paths } = harness;
    const volume = {
      driver: 'virtio-fs',
      source: 'vol',
      fstype: 'virtiofs',
      mountPoint: join(paths.kataDir, 'vol'),
    };
    await client.createContainer({ ...createRequest('c1', harness.rootfs, sleeper), storages: [volume] });
    const slow = Promise.withResolvers<undefined>();
    runtime.gate = async (operation) => {
      if (operation === 'delete c1') await slow.promise;
    };
    await expect(client.removeContainer({ containerId: 'c1', timeout: 1 })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'ETIME'),
    );
    expect(mounter.entries.map(({ source }) => source)).toContain('vol');
    slow.resolve(undefined);
    await client.removeContainer({ containerId: 'c1' });
    expect(mounter.entries).toEqual([]);
    expect(runtime.calls.filter((call) => call === 'delete c1')).toHaveLength(1);
  });

  test('can be tried again after a failure', async () => {
    await using harness = await startFakeAgent();
    const { client, runtime } = harness;
    await runContainer(harness, 'c1', sleeper);
    runtime.failures.delete = new Error('busy');
    await expect(client.removeContainer({ containerId: 'c1' })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
    await client.removeContainer({ containerId: 'c1' });
    expect(runtime.containers.size).toBe(0);
  });

  test('unmounts a volume only with its last container', async () => {
    await using harness = await startFakeAgent();
    const { client, rootfs, mounter, paths } = harness;
    const volume = {
      driver: 'virtio-fs',
      source: 'vol',
      fstype: 'virtiofs',
      mountPoint: join(paths.kataDir, 'vol'),
    };
    for (const id of ['c1', 'c2']) {
      await client.createContainer({ ...createRequest(id, rootfs, sleeper), storages: [volume] });
    }
    const isMounted = () => mounter.entries.some(({ source }) => source === 'vol');
    expect(mounter.requests.filter(({ source }) => source === 'vol')).toHaveLength(1);
    await client.removeContainer({ containerId: 'c1' });
    expect(isMounted()).toBe(true);
    await client.removeContainer({ containerId: 'c2' });
    expect(isMounted()).toBe(false);
  });
});
