// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type PluggableDevice, type PluggedDevice } from '@hako/hypervisor';
import type { OciResources } from '@hako/protocols';
import { describe, expect, test } from 'vitest';

import { Lifeline } from '../lifeline.ts';
import { SandboxError } from '../sandbox-error.ts';
import { FakeGuestAgent } from '../testing/fake-guest-agent.ts';
import type { MachineSize } from './machine-size.ts';
import { MachineSizer, type MachineSizerParts } from './machine-sizer.ts';
import { growthSteps, type MemoryGrowth } from './memory-pool.ts';

const mib = 1024 * 1024;

const cpus = (count: number): OciResources => ({ cpu: { quota: count * 100_000, period: 100_000 } });
const memory = (sizeMib: number): OciResources => ({ memory: { limit: sizeMib * mib } });

/** What a machine does that keeps no books: names of devices and sizes, in order. */
class FakeMachine {
  readonly done: string[] = [];
  /** What a former owner has plugged. */
  pluggedDevices: readonly PluggedDevice[] = [];
  /** Is asked before each change. */
  before: (change: string) => Promise<void> | void = () => undefined;

  async plug(device: PluggableDevice): Promise<never> {
    const size =
      device.kind === 'virtio-mem'
        ? ` ${device.capacityMib}`
        : device.kind === 'memory'
          ? ` ${device.sizeMib}`
          : '';
    await this.#change(`plug ${device.id}${size}`);
    return { device, address: { physicalAddress: 0x1_0000_0000n } } as never;
  }

  unplug(id: string): Promise<void> {
    return this.#change(`unplug ${id}`);
  }

  resizeMemory(id: string, requestedMib: number): Promise<void> {
    return this.#change(`resize ${id} ${requestedMib}`);
  }

  async #change(change: string): Promise<void> {
    await this.before(change);
    this.done.push(change);
  }
}

interface World {
  readonly vm: FakeMachine;
  readonly agent: FakeGuestAgent;
  readonly lifeline: Lifeline;
  /** What the sizer is made of. */
  readonly parts: MachineSizerParts;
  readonly sizer: MachineSizer;
  readonly logged: string[];
  /** Makes room for a container, as its creation does. */
  readonly add: (id: string, resources: OciResources) => Promise<MachineSize>;
}

function world(memoryGrowth: MemoryGrowth = 'virtio-mem', maximum = { vcpus: 4, memoryMib: 1024 }): World {
  const vm = new FakeMachine();
  const agent = new FakeGuestAgent();
  const lifeline = new Lifeline();
  const logged: string[] = [];
  const note = (_: object, message: string): number => logged.push(message);
  const boot = { vcpus: 1, memoryMib: 256 };
  const parts: MachineSizerParts = {
    vm,
    bounds: { base: boot, boot, maximum },
    memoryGrowth,
    lifeline,
    logger: { debug: note, info: note, warn: note, error: note },
  };
  const sizer = new MachineSizer(parts);
  const add = async (id: string, resources: OciResources): Promise<MachineSize> => {
    await sizer.admit(id, resources);
    await sizer.provide(agent, undefined);
    return sizer.size;
  };
  return { vm, agent, lifeline, parts, sizer, logged, add };
}

describe('a machine that grows', () => {
  test('takes CPUs one by one and one memory device, has the guest use them, and shrinks at the end of containers', async () => {
    const { vm, agent, sizer, add } = world();
    expect(await add('one', {})).toEqual({ vcpus: 1, memoryMib: 256 });
    expect(vm.done).toEqual([]);
    expect(await add('two', { ...cpus(2), ...memory(250) })).toEqual({ vcpus: 3, memoryMib: 508 });
    expect(vm.done).toEqual(['plug vcpu-1', 'plug vcpu-2', 'plug memory 768', 'resize memory 252']);
    expect(agent.growth).toEqual([
      { nbCpus: 3, cpuOnly: true },
      { nbCpus: 0, cpuOnly: false },
    ]);
    expect(await add('three', { ...cpus(0.5), ...memory(4) })).toEqual({ vcpus: 4, memoryMib: 512 });
    vm.done.length = 0;
    sizer.release('two');
    sizer.release('two');
    await sizer.settled;
    expect(vm.done).toEqual(['unplug vcpu-3', 'unplug vcpu-2', 'resize memory 4']);
    sizer.release('three');
    await sizer.settled;
    expect(sizer.size).toEqual({ vcpus: 1, memoryMib: 256 });
    expect(await add('four', memory(8))).toEqual({ vcpus: 1, memoryMib: 264 });
    expect(vm.done.slice(3)).toEqual(['unplug vcpu-1', 'resize memory 0', 'resize memory 8']);
  });

  test('keeps CPUs that the driver does not take out, says so, and uses them again', async () => {
    const { vm, agent, sizer, logged, add } = world();
    vm.before = (change) => {
      if (change.startsWith('unplug')) throw new HypervisorError('unsupported', 'emulated cpu stays');
    };
    await add('one', cpus(2));
    sizer.release('one');
    await sizer.settled;
    expect(sizer.size.vcpus).toBe(3);
    expect(logged).toEqual(['surplus CPUs stay in the machine']);
    expect(await add('two', cpus(1))).toMatchObject({ vcpus: 3 });
    expect(vm.done).toEqual(['plug vcpu-1', 'plug vcpu-2']);
    expect(agent.growth).toEqual([{ nbCpus: 3, cpuOnly: true }]);
  });

  test('takes memory modules of whole blocks, probes for them where the guest needs it, and keeps them', async () => {
    const { vm, agent, sizer, logged, add } = world('modules');
    expect(await add('one', memory(100))).toMatchObject({ memoryMib: 384 });
    expect(await add('two', memory(20))).toMatchObject({ memoryMib: 384 });
    expect(await add('three', memory(130))).toMatchObject({ memoryMib: 512 });
    expect(vm.done).toEqual(['plug memory-1 128', 'plug memory-2 128']);
    expect(agent.growth).toEqual([
      { nbCpus: 0, cpuOnly: false },
      { nbCpus: 0, cpuOnly: false },
    ]);
    sizer.release('three');
    await sizer.settled;
    expect(sizer.size.memoryMib).toBe(512);
    expect(logged).toEqual(['surplus memory modules stay']);
  });

  test('tells a guest that needs it where a module begins', async () => {
    const { agent, add } = world('modules');
    const details = await agent.getGuestDetails({});
    agent.getGuestDetails = () => Promise.resolve({ ...details, supportMemHotplugProbe: true });
    await add('one', memory(200));
    expect(agent.growth).toEqual([
      { memHotplugProbeAddr: [0x1_0000_0000n, 0x1_0800_0000n] },
      { nbCpus: 0, cpuOnly: false },
    ]);
  });

  test('is asked for more than it can have: nothing changes', async () => {
    const { vm, sizer, add } = world();
    await add('one', memory(700));
    vm.done.length = 0;
    await expect(add('two', memory(69))).rejects.toMatchObject({ code: 'invalid_options' });
    await expect(add('two', cpus(5))).rejects.toMatchObject({ code: 'invalid_options' });
    await expect(add('one', memory(769))).rejects.toMatchObject({ code: 'invalid_options' });
    expect(vm.done).toEqual([]);
    expect(await add('two', memory(68))).toMatchObject({ memoryMib: 1024 });
    expect(sizer.size.memoryMib).toBe(1024);
  });

  test('grows before a limit is raised and shrinks after one is lowered', async () => {
    const { vm, agent, sizer, add } = world();
    await add('one', { ...cpus(1), ...memory(64) });
    vm.done.length = 0;
    vm.before = () => {
      expect(agent.updates).toHaveLength(0);
    };
    await sizer.update('one', memory(128), agent, undefined);
    expect(vm.done).toEqual(['resize memory 128']);
    vm.before = () => {
      expect(agent.updates).toHaveLength(2);
    };
    await sizer.update('one', memory(32), agent, undefined);
    await sizer.settled;
    expect(vm.done).toEqual(['resize memory 128', 'resize memory 32']);
    expect(agent.updates).toMatchObject([
      { containerId: 'one', resources: { Memory: { Limit: BigInt(128 * mib) } } },
      { containerId: 'one', resources: { Memory: { Limit: BigInt(32 * mib) } } },
    ]);
    expect(sizer.size).toEqual({ vcpus: 2, memoryMib: 288 });
  });

  test('forgets a limit that the guest refused', async () => {
    const { agent, sizer, add } = world();
    await add('one', memory(64));
    agent.updateContainer = () => Promise.reject(new Error('no'));
    await expect(sizer.update('one', memory(128), agent, undefined)).rejects.toMatchObject({
      code: 'agent_failed',
    });
    await expect(sizer.update('two', memory(128), agent, undefined)).rejects.toMatchObject({
      code: 'agent_failed',
    });
    await sizer.settled;
    expect(sizer.size.memoryMib).toBe(320);
  });

  test('that cannot grow says why, and tries again the next time', async () => {
    const { vm, agent, add } = world();
    vm.before = (change) => {
      if (change === 'plug vcpu-2')
        throw new HypervisorError('monitor_failed', 'no', { remedy: 'do something' });
    };
    await expect(add('one', cpus(2))).rejects.toMatchObject({
      code: 'tool_failed',
      message: 'the machine cannot grow: no',
      remedy: 'do something',
    });
    expect(await add('one', cpus(2))).toMatchObject({ vcpus: 3 });
    expect(vm.done).toEqual(['plug vcpu-1', 'plug vcpu-3']);
    expect(agent.growth).toEqual([{ nbCpus: 3, cpuOnly: true }]);
  });

  test('has new CPUs put in their place although no memory comes after them', async () => {
    const { vm, agent, parts } = world();
    const places: number[] = [];
    const sizer = new MachineSizer({
      ...parts,
      onGrowth: () => Promise.resolve(void places.push(vm.done.length)),
    });
    vm.before = (change) => {
      if (change.startsWith('plug memory')) throw new HypervisorError('monitor_failed', 'no');
    };
    await sizer.admit('one', { ...cpus(2), ...memory(64) });
    await expect(sizer.provide(agent, undefined)).rejects.toMatchObject({ code: 'tool_failed' });
    expect(places).toEqual([2]);
  });

  test('makes its changes one after the other', async () => {
    const { vm, add } = world();
    let open = 0;
    vm.before = async () => {
      open += 1;
      expect(open).toBe(1);
      await Promise.resolve();
      open -= 1;
    };
    await Promise.all([add('one', cpus(1)), add('two', cpus(1)), add('three', memory(64))]);
    expect(vm.done).toEqual(['plug vcpu-1', 'plug vcpu-2', 'plug memory 768', 'resize memory 64']);
  });

  test('has volumes in memory grow with it, those of containers that are there', async () => {
    const { agent, sizer, add } = world();
    const volumes = [{ mountPoint: '/cache' }];
    const sizes = (): unknown[] =>
      agent.remounts.map(({ storages = [] }) => storages.map((one) => [one.mountPoint, one.options?.[1]]));
    await add('one', {});
    await sizer.keepVolumes('one', volumes, agent, undefined);
    await sizer.keepVolumes('nobody', [{ mountPoint: '/other' }], agent, undefined);
    expect(sizes()).toEqual([]);
    await add('two', memory(64));
    await sizer.update('one', memory(16), agent, undefined);
    expect(sizes()).toEqual([[['/cache', 'size=320M']], [['/cache', 'size=336M']]]);
    sizer.release('one');
    await add('three', memory(128));
    expect(sizes()).toHaveLength(2);
    await sizer.keepVolumes('three', volumes, agent, undefined);
    expect(sizes()[2]).toEqual([['/cache', 'size=448M']]);
  });

  test('has swap space for what its containers may swap, which it needs not grow for', async () => {
    const { vm, agent, parts } = world('virtio-mem', { vcpus: 1, memoryMib: 256 });
    const wanted: number[] = [];
    const swap = { grow: (bytes: number) => Promise.resolve(void wanted.push(bytes / mib)) };
    const sizer = new MachineSizer({ ...parts, swap });
    const swapping = (limit: number): OciResources => ({ memory: { limit: limit * mib, swappiness: 60 } });
    for (const [id, resources] of [
      ['one', memory(600)],
      ['two', swapping(64)],
      ['three', { memory: { swappiness: 1 } }],
    ] as const) {
      await sizer.admit(id, resources);
      await sizer.provide(agent, undefined);
    }
    await sizer.update('two', swapping(100), agent, undefined);
    expect(wanted).toEqual([0, 64, 320, 356]);
    expect(vm.done).toEqual([]);
    await sizer.settled;
    expect(sizer.size).toEqual({ vcpus: 1, memoryMib: 256 });
  });

  test('that is lost ends what waits for it', async () => {
    const { vm, lifeline, add } = world();
    vm.before = () => new Promise(() => undefined);
    const waiting = add('one', cpus(1));
    const loss = new SandboxError('vm_exited', 'gone');
    lifeline.lose(loss);
    await expect(waiting).rejects.toBe(loss);
  });
});

test.for([
  { present: 256, wanted: 256, steps: [] },
  { present: 256, wanted: 1024, steps: [1024] },
  { present: 128, wanted: 20_000, steps: [6272, 20_000] },
])('a guest of $present MiB grows to $wanted by way of $steps', ({ present, wanted, steps }) => {
  expect(growthSteps(present, wanted)).toEqual(steps);
});

describe('the machine of a former owner', () => {
  const device = (kind: string, id: string, more: object = {}): PluggedDevice =>
    ({ device: { kind, id, ...more }, address: {} }) as never;

  test.for([
    {
      name: 'is as large as promised, and is only told to use it',
      promised: { ...cpus(2), ...memory(250) },
      done: ['resize memory 252'],
      size: { vcpus: 3, memoryMib: 508 },
    },
    {
      name: 'gives back what nobody was promised',
      promised: {},
      done: ['resize memory 0', 'unplug vcpu-7', 'unplug vcpu-2'],
      size: { vcpus: 1, memoryMib: 256 },
    },
    {
      name: 'gets what was promised and not yet plugged, by names that are free',
      promised: { ...cpus(3), ...memory(700) },
      done: ['resize memory 700', 'plug vcpu-8'],
      size: { vcpus: 4, memoryMib: 956 },
    },
  ])('$name', async ({ promised, done, size }) => {
    const { vm, agent, parts } = world();
    vm.pluggedDevices = [
      device('virtio-mem', 'memory', { capacityMib: 768 }),
      device('vcpus', 'vcpu-2', { count: 1 }),
      device('block', 'drive-1'),
      device('vcpus', 'vcpu-7', { count: 1 }),
    ];
    const sizer = new MachineSizer({
      ...parts,
      promised: [{ containerId: 'one', resources: promised as never }],
    });
    expect(sizer.size.vcpus).toBe(3);
    await sizer.takeUp(agent);
    expect(vm.done).toEqual(done);
    expect(sizer.size).toEqual(size);
  });

  test('that cannot be made as large as promised is said so, and tried again', async () => {
    const { vm, agent, parts, logged } = world();
    vm.before = () => Promise.reject(new Error('no'));
    const sizer = new MachineSizer({
      ...parts,
      promised: [{ containerId: 'one', resources: cpus(1) as never }],
    });
    await sizer.takeUp(agent);
    expect(logged).toEqual(['the machine is not as large as its containers were promised']);
    vm.before = () => undefined;
    await sizer.provide(agent, undefined);
    expect(vm.done).toEqual(['plug vcpu-2']);
  });
});
