// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { tmpfsStorage } from '../container/mounts/ephemeral-mount.ts';
import { hugePagesStorage } from '../container/mounts/huge-pages-mount.ts';
import { localStorage } from '../container/mounts/local-mount.ts';
import { Lifeline } from '../lifeline.ts';
import { SandboxError } from '../sandbox-error.ts';
import { FakeGuestAgent } from '../testing/fake-guest-agent.ts';
import { memoryVolumes, VolumeStretcher, type MemoryVolume } from './memory-volumes.ts';

const cache: MemoryVolume = { mountPoint: '/run/kata-containers/sandbox/ephemeral/cache' };
const shared: MemoryVolume = { mountPoint: '/run/kata-containers/sandbox/ephemeral/shared', groupId: 7 };

function stretcher() {
  const lifeline = new Lifeline();
  const agent = new FakeGuestAgent();
  const logged: string[] = [];
  const logger = { warn: (_: object, message: string): number => logged.push(message) };
  const volumes = new VolumeStretcher({ lifeline, logger, memoryMib: 256 });
  return { lifeline, agent, logged, volumes };
}

const remounted = ({ mountPoint }: MemoryVolume, ...options: readonly string[]) => ({
  driver: 'ephemeral',
  source: 'tmpfs',
  fstype: 'tmpfs',
  mountPoint,
  options: ['remount', ...options],
});

test('volumes in memory without a size of their own are those that grow', () => {
  const storages = [
    tmpfsStorage('cache', 0, ['mode=1777']),
    tmpfsStorage('shared', 7),
    tmpfsStorage('bounded', 0, ['size=64M']),
    hugePagesStorage('pages', 2 ** 21, 2n ** 22n),
    localStorage('local', 0),
    { driver: 'virtio-fs', fstype: 'virtiofs' },
  ];
  expect(memoryVolumes(storages)).toEqual([cache, shared]);
});

test('volumes get the size of a machine that has grown, each once for each growth, and keep it when it shrinks', async () => {
  const { agent, volumes } = stretcher();
  await volumes.stretch([cache], 256, agent, undefined);
  expect(agent.remounts).toEqual([]);
  await volumes.stretch([cache], 512, agent, undefined);
  await volumes.stretch([cache, shared, shared], 512, agent, undefined);
  await volumes.stretch([cache], 384, agent, undefined);
  await volumes.stretch([shared, cache], 768, agent, undefined);
  expect(agent.remounts).toEqual([
    { storages: [remounted(cache, 'size=512M')] },
    { storages: [remounted(shared, 'size=512M', 'fsgid=7')] },
    { storages: [remounted(shared, 'size=768M', 'fsgid=7'), remounted(cache, 'size=768M')] },
  ]);
});

test('a volume that did not grow is told of, and tried again', async () => {
  const { agent, logged, volumes } = stretcher();
  const refusing = { updateEphemeralMounts: () => Promise.reject(new Error('no')) };
  await volumes.stretch([cache], 512, refusing, undefined);
  expect(logged).toEqual(['volumes in memory did not grow with the machine']);
  await volumes.stretch([cache], 512, agent, undefined);
  expect(agent.remounts).toHaveLength(1);
});

test('nothing is told of a machine that is lost', async () => {
  const { agent, lifeline, logged, volumes } = stretcher();
  lifeline.lose(new SandboxError('vm_exited', 'gone'));
  await volumes.stretch([cache], 512, agent, undefined);
  expect({ logged, remounts: agent.remounts }).toEqual({ logged: [], remounts: [] });
});
