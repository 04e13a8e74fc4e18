// SPDX-License-Identifier: Apache-2.0
import { DeviceManager, type Device, type DeviceInfo } from '@hako/device-manager';
import { FakeMachine } from '@hako/device-manager/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { silentLogger } from '../logger.ts';
import { SandboxError } from '../sandbox-error.ts';
import { SharedDevices } from './shared-devices.ts';

/** Disks that containers share: by number, by file, read-only and writable, and a device that is only counted. */
const pool: readonly DeviceInfo[] = [
  { containerPath: '/dev/a', type: 'b', major: 8, minor: 1 },
  { containerPath: '/dev/b', type: 'b', major: -1, minor: 0, hostPath: '/disk.img' },
  { containerPath: '/root', type: 'b', major: -1, minor: 0, hostPath: '/root.erofs', readOnly: true },
  { containerPath: '/dev/g', type: 'c', major: 10, minor: 229 },
];

const signal = new AbortController().signal;

/** What a container of the model holds, by its place in the pool. */
type Held = readonly { readonly slot: number; readonly device: Device }[];

class Real {
  readonly machine = new FakeMachine();
  readonly manager = new DeviceManager(
    { receiver: this.machine },
    { blockDriver: 'virtio-blk', roots: { sys: '/nonexistent' } },
  );
  readonly shared = new SharedDevices(this.manager, silentLogger);

  /** As a container is created: all devices, or none. */
  async create(slots: readonly number[]): Promise<Held> {
    const held: { slot: number; device: Device }[] = [];
    try {
      for (const slot of slots) {
        const info = pool[slot] ?? expect.fail('no such device');
        held.push({ slot, device: await this.shared.acquire(info, { signal, mayBeWritable: false }) });
      }
      return held;
    } catch (error) {
      await this.shared.giveBack(held.map(({ device }) => device)).catch(() => undefined);
      throw error;
    }
  }
}

class Model {
  readonly containers: Held[] = [];
  /** Slots whose last unplugging was refused. They go with whatever comes or goes next. */
  readonly stray = new Set<number>();
}

const isPlugged = (slot: number): boolean => pool[slot]?.type === 'b';
const usersOf = (model: Model, slot: number): number =>
  model.containers.flat().filter((held) => held.slot === slot).length;

/** What must hold whenever nothing is under way. */
function checkInvariants(model: Model, { machine, manager }: Real): void {
  const expected: string[] = [];
  for (const slot of pool.keys()) {
    const users = usersOf(model, slot);
    if (isPlugged(slot) && (users > 0 || model.stray.has(slot)))
      expected.push(pool[slot]?.hostPath ?? pool[slot]?.containerPath ?? '');
    const device = model.containers.flat().find((held) => held.slot === slot)?.device;
    if (device === undefined) continue;
    const known = manager.getDeviceById(device.id);
    const counts = users + (model.stray.has(slot) ? 1 : 0);
    expect([known?.referenceCount, known?.attachCount]).toEqual([counts, counts]);
  }
  const plugged = machine.devices.map((device) => ('file' in device ? device.file : ''));
  expect(plugged.toSorted()).toEqual(expected.toSorted());
  expect(manager.getAllDevices().length).toBe(
    [...pool.keys()].filter((slot) => usersOf(model, slot) > 0 || model.stray.has(slot)).length,
  );
}

class Create implements fc.AsyncCommand<Model, Real> {
  readonly slots: readonly number[];
  readonly failsAfter: number | undefined;
  constructor(slots: readonly number[], failsAfter: number | undefined) {
    this.slots = slots;
    this.failsAfter = failsAfter;
  }
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const plugs = this.slots.filter((slot) => isPlugged(slot) && usersOf(model, slot) === 0);
    // A retry of what is left over would take the failure for itself.
    const fails = this.failsAfter !== undefined && this.failsAfter < plugs.length && model.stray.size === 0;
    if (fails) real.machine.failNext(new Error('machine refuses'), this.failsAfter);
    const creation = real.create(this.slots);
    if (this.slots.length > 0) model.stray.clear();
    if (fails) await expect(creation).rejects.toBeInstanceOf(SandboxError);
    else model.containers.push(await creation);
    checkInvariants(model, real);
  }
  toString = (): string => `Create(${this.slots.join(' ')}; fails after ${String(this.failsAfter)})`;
}

class Remove implements fc.AsyncCommand<Model, Real> {
  readonly choice: number;
  readonly refuses: boolean;
  constructor(choice: number, refuses: boolean) {
    this.choice = choice;
    this.refuses = refuses;
  }
  check = (model: Model): boolean => model.containers.length > 0;
  async run(model: Model, real: Real): Promise<void> {
    const index = this.choice % model.containers.length;
    const [held = []] = model.containers.splice(index, 1);
    const going = held.filter(
      ({ slot }) => isPlugged(slot) && usersOf(model, slot) === 0 && !model.stray.has(slot),
    );
    const refused = this.refuses ? going.at(-1) : undefined;
    if (refused !== undefined) real.machine.failNext(new Error('guest keeps it'));
    const removal = real.shared.giveBack(held.map(({ device }) => device));
    if (refused === undefined) {
      await removal;
      model.stray.clear();
    } else {
      await expect(removal).rejects.toMatchObject({ code: 'device_failed' });
      model.stray.add(refused.slot);
    }
    checkInvariants(model, real);
  }
  toString = (): string => `Remove(${this.choice}${this.refuses ? ', refused' : ''})`;
}

/** Two containers come and one goes at the same time. */
class Crowd implements fc.AsyncCommand<Model, Real> {
  readonly slots: readonly number[];
  constructor(slots: readonly number[]) {
    this.slots = slots;
  }
  check = (model: Model): boolean => model.stray.size === 0;
  async run(model: Model, real: Real): Promise<void> {
    const [going = []] = model.containers.splice(0, 1);
    const [first, second] = await Promise.all([
      real.create(this.slots),
      real.create(this.slots.toReversed()),
      real.shared.giveBack(going.map(({ device }) => device)),
    ]);
    model.containers.push(first, second);
    checkInvariants(model, real);
  }
  toString = (): string => `Crowd(${this.slots.join(' ')})`;
}

test('containers that come, fail, go and share devices leave counts and the machine consistent', async () => {
  const slots = fc.uniqueArray(fc.nat({ max: pool.length - 1 }), { minLength: 1 });
  const commands = fc.commands<Model, Real, false>(
    [
      fc
        .tuple(slots, fc.option(fc.nat({ max: 3 }), { nil: undefined }))
        .map(([chosen, after]) => new Create(chosen, after)),
      fc.tuple(fc.nat({ max: 9 }), fc.boolean()).map(([choice, refuses]) => new Remove(choice, refuses)),
      slots.map((chosen) => new Crowd(chosen)),
    ],
    { maxCommands: 40, size: 'max' },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      await fc.asyncModelRun(() => ({ model: new Model(), real: new Real() }), steps);
    }),
    { numRuns: 100 },
  );
});
