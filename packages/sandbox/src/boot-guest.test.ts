// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FakeHypervisor } from '@hako/hypervisor/testing';
import { expect, test } from 'vitest';

import type { AgentEndpoint, LoadConnectAgent } from './agent-endpoint.ts';
import { bootGuest } from './boot-guest.ts';
import { silentLogger } from './logger.ts';
import { FakeGuestAgent } from './testing/fake-guest-agent.ts';
import { temporaryDirectory } from './testing/index.ts';
import { Timeline } from './timeline.ts';

async function boot(onStarting: () => Promise<void>, loadConnectAgent: LoadConnectAgent) {
  await using directory = await temporaryDirectory();
  const runDir = join(directory.path, 'run');
  const kernelPath = join(directory.path, 'kernel');
  await mkdir(runDir, { mode: 0o700 });
  await writeFile(kernelPath, '');
  await using vm = await new FakeHypervisor({ script: { onStarting } }).createVm({
    ...{ id: 'box', runDir, kernelPath, initrdPath: kernelPath, kernelParameters: [], devices: [] },
    ...{ vcpus: 1, memoryMib: 128, sharedMemory: true, agentChannel: 'virtio-serial', accelerator: 'auto' },
  });
  const { endpoint } = await bootGuest({
    ...{ vm, plan: { kind: 'cold' }, shareDevice: undefined, loadConnectAgent },
    ...{ timeline: new Timeline(), logger: silentLogger, timeoutMs: 60_000, signal: undefined },
  });
  return endpoint;
}

function fakeEndpoint(): AgentEndpoint {
  return { agent: new FakeGuestAgent({}), serve: () => Promise.resolve(), close: () => Promise.resolve() };
}

test('what speaks to the agent is loaded while the machine starts', async () => {
  const loading = Promise.withResolvers<undefined>();
  const steps: string[] = [];
  const endpoint = fakeEndpoint();
  const booted = await boot(
    async () => {
      steps.push('start');
      await loading.promise;
    },
    () => {
      steps.push('load');
      loading.resolve(undefined);
      return Promise.resolve(() => endpoint);
    },
  );
  expect(steps).toEqual(['start', 'load']);
  expect(booted).toBe(endpoint);
});

test('what cannot be loaded fails the boot', async () => {
  const booted = boot(
    () => Promise.resolve(),
    () => Promise.reject(new Error('it is not there')),
  );
  await expect(booted).rejects.toThrow('it is not there');
});
