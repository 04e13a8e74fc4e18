// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { VmConfig } from '@hako/hypervisor';
import { FakeHypervisor } from '@hako/hypervisor/testing';
import { expect, test } from 'vitest';

import { silentLogger } from '../logger.ts';
import { temporaryDirectory } from '../testing/index.ts';
import { planMachine, type PlannedMachine, type TemplateUse } from './boot-plan.ts';

async function setUp(emulated: boolean) {
  const directory = await temporaryDirectory();
  const runDir = join(directory.path, 'run');
  const kernelPath = join(directory.path, 'kernel');
  await mkdir(runDir, { mode: 0o700 });
  await chmod(runDir, 0o700);
  await writeFile(kernelPath, '');
  const hypervisor = new FakeHypervisor({ emulated });
  const config: VmConfig = {
    id: 'box',
    runDir,
    kernelPath,
    initrdPath: kernelPath,
    kernelParameters: [],
    vcpus: 1,
    memoryMib: 128,
    sharedMemory: true,
    devices: [],
    agentChannel: 'virtio-serial',
    accelerator: 'auto',
  };
  const warnings: string[] = [];
  return {
    hypervisor,
    warnings,
    templates: join(directory.path, 'templates'),
    plan: (use: TemplateUse, change: Partial<VmConfig> = {}) =>
      planMachine(
        {
          config: { ...config, ...change },
          unsavedDevices: [{ kind: 'virtio-fs', tag: 'share', socketPath: join(runDir, 'share.sock') }],
          use,
          cacheDirectory: directory.path,
          signal: new AbortController().signal,
        },
        { hypervisor, logger: { ...silentLogger, warn: (_, message) => void warnings.push(message) } },
      ),
    devices: () => hypervisor.vms.at(-1)?.config.devices.map(({ kind }) => kind),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function saveTemplate({ vm, plan }: PlannedMachine): Promise<void> {
  if (plan.kind !== 'save') throw new Error(`the plan is ${plan.kind}`);
  await vm.start();
  await plan.templates.add(plan.key, (directory) => vm.save(directory));
  await vm.stop();
}

test.each([
  { use: 'never', emulated: true },
  { use: 'auto', emulated: false },
] as const)('a machine boots with all its devices: $use, emulated $emulated', async ({ use, emulated }) => {
  await using world = await setUp(emulated);
  expect((await world.plan(use)).plan).toEqual({ kind: 'cold' });
  expect(world.devices()).toEqual(['virtio-fs']);
});

test.each([
  { use: 'auto', emulated: true },
  { use: 'always', emulated: false },
] as const)('the first machine is saved, the second starts from it: $use', async ({ use, emulated }) => {
  await using world = await setUp(emulated);
  await saveTemplate(await world.plan(use));
  expect(world.devices()).toEqual([]);
  const { plan, vm } = await world.plan(use);
  expect(plan).toEqual({ kind: 'clone' });
  expect(world.hypervisor.vms.at(-1)?.config.restoreFrom).toMatch(/templates/);
  await vm.stop();
});

test('a machine of another size has a template of its own', async () => {
  await using world = await setUp(true);
  await saveTemplate(await world.plan('auto'));
  expect((await world.plan('auto', { memoryMib: 256 })).plan.kind).toBe('save');
});

test('a damaged template is removed, and the machine boots and is saved', async () => {
  await using world = await setUp(true);
  await saveTemplate(await world.plan('auto'));
  const [key = ''] = await readdir(world.templates);
  for (const name of await readdir(join(world.templates, key))) await rm(join(world.templates, key, name));
  await saveTemplate(await world.plan('auto'));
  expect(world.warnings).toEqual(['template is damaged and was removed']);
  expect(await readdir(join(world.templates, key))).not.toEqual([]);
});
