// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeviceManagerError, type DeviceManagerErrorCode } from './device-manager-error.ts';
import { DeviceManager } from './device-manager.ts';
import type { DeviceInfo } from './device-info.ts';
import { FakeMachine } from './testing/index.ts';

/** Devices of five characters: shared disk, file, persistent memory, disk of the boot, and one that is only counted. */
const pool: readonly DeviceInfo[] = [
  { containerPath: '/dev/a', type: 'b', major: 8, minor: 1 },
  { containerPath: '/dev/b', type: 'b', major: -1, minor: 0, hostPath: '/disk.img' },
  { containerPath: '/dev/p', type: 'b', major: -1, minor: 0, hostPath: '/pmem.img', pmem: true },
  { containerPath: '/dev/c', type: 'b', major: 8, minor: 2, coldPlug: true },
  { containerPath: '/dev/g', type: 'c', major: 10, minor: 229 },
];
const reservedIndex = 0;

interface ModelDevice {
  id: string;
  references: number;
  attached: number;
  /** Whether it is in the machine; some stay there when nobody uses them any more. */
  inside: boolean;
}

class Model {
  readonly devices = new Map<number, ModelDevice>();
}

interface Real {
  manager: DeviceManager;
  readonly machine: FakeMachine;
}

const staysInside = (slot: number): boolean => pool[slot]?.pmem === true || pool[slot]?.coldPlug === true;
const isGeneric = (slot: number): boolean => pool[slot]?.type === 'c';

async function expectCode(run: Promise<unknown>, code: DeviceManagerErrorCode): Promise<void> {
  await expect(run).rejects.toEqual(expect.objectContaining({ code }));
}

/** What must hold whenever no operation is under way. */
function checkInvariants(model: Model, { manager, machine }: Real): void {
  const inside: string[] = [];
  for (const device of model.devices.values()) {
    const real = manager.getDeviceById(device.id);
    if (device.references === 0) expect(real).toBeUndefined();
    else expect([real?.referenceCount, real?.attachCount]).toEqual([device.references, device.attached]);
    if (device.inside) inside.push(`drive-${device.id}`.slice(0, 31));
  }
  expect([...machine.deviceIds].sort()).toEqual(inside.sort());
  expect(manager.getAllDevices()).toHaveLength(
    [...model.devices.values()].filter((d) => d.references > 0).length,
  );
  // Indexes in use are exactly those of the disks inside, and none of them is the reserved one.
  const indexes = machine.devices.map((device) => ('index' in device ? device.index : undefined));
  expect(new Set(indexes).size).toBe(inside.length);
  expect(indexes).not.toContain(reservedIndex);
}

abstract class Step implements fc.AsyncCommand<Model, Real> {
  readonly slot: number;
  constructor(slot: number) {
    this.slot = slot;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    await this.act(model, real);
    checkInvariants(model, real);
  }
  toString(): string {
    return `${this.constructor.name}(${this.slot})`;
  }
  protected abstract act(model: Model, real: Real): Promise<void>;
}

class New extends Step {
  protected async act(model: Model, { manager }: Real): Promise<void> {
    const device = await manager.newDevice(pool[this.slot]!);
    const known = model.devices.get(this.slot);
    if (known) {
      expect(device.id).toBe(known.id);
      known.references += 1;
    } else {
      model.devices.set(this.slot, { id: device.id, references: 1, attached: 0, inside: false });
    }
  }
}

class Remove extends Step {
  protected async act(model: Model, { manager }: Real): Promise<void> {
    const known = model.devices.get(this.slot);
    const removal = manager.removeDevice(known?.id ?? 'unknown');
    if (known === undefined || known.references === 0) {
      await expectCode(removal, 'device_not_found');
    } else if (known.references === 1 && known.attached > 0) {
      await expectCode(removal, 'device_attached');
    } else {
      await removal;
      known.references -= 1;
      if (known.references === 0 && !known.inside) model.devices.delete(this.slot);
    }
  }
}

class Attach extends Step {
  readonly fails: boolean;
  constructor(slot: number, fails: boolean) {
    super(slot);
    this.fails = fails;
  }
  protected async act(model: Model, { manager, machine }: Real): Promise<void> {
    const known = model.devices.get(this.slot);
    if (known === undefined || known.references === 0) {
      await expectCode(manager.attachDevice(known?.id ?? 'unknown'), 'device_not_found');
      return;
    }
    const plugs = !known.inside && !isGeneric(this.slot);
    if (this.fails && plugs) {
      machine.failNext();
      await expectCode(manager.attachDevice(known.id), 'attach_failed');
    } else {
      await manager.attachDevice(known.id);
      known.attached += 1;
      known.inside = !isGeneric(this.slot);
    }
  }
}

class Detach extends Step {
  readonly fails: boolean;
  constructor(slot: number, fails: boolean) {
    super(slot);
    this.fails = fails;
  }
  protected async act(model: Model, { manager, machine }: Real): Promise<void> {
    const known = model.devices.get(this.slot);
    if (known === undefined || known.references === 0) {
      await expectCode(manager.detachDevice(known?.id ?? 'unknown'), 'device_not_found');
    } else if (known.attached === 0) {
      await expectCode(manager.detachDevice(known.id), 'device_not_attached');
    } else if (this.fails && known.attached === 1 && known.inside && !staysInside(this.slot)) {
      machine.failNext();
      await expectCode(manager.detachDevice(known.id), 'detach_failed');
    } else {
      await manager.detachDevice(known.id);
      known.attached -= 1;
      if (known.attached === 0 && !staysInside(this.slot)) known.inside = false;
    }
  }
}

/** Attaches and detaches at the same time, many times: the outcome is as if they had come one after the other. */
class Storm extends Step {
  protected async act(model: Model, { manager }: Real): Promise<void> {
    const known = model.devices.get(this.slot);
    if (known === undefined || known.references === 0) return;
    await Promise.all([
      manager.attachDevice(known.id),
      manager.attachDevice(known.id),
      manager.detachDevice(known.id),
      manager.attachDevice(known.id),
      manager.detachDevice(known.id),
    ]);
    known.attached += 1;
    known.inside = !isGeneric(this.slot);
  }
}

/** Ends the manager and lets a new one take over from its saved state. */
class TakeOver extends Step {
  protected async act(_model: Model, real: Real): Promise<void> {
    const saved = JSON.stringify(real.manager.save());
    real.manager = createManager(real.machine);
    real.manager.loadDevices(JSON.parse(saved) as ReturnType<DeviceManager['save']>);
    return Promise.resolve();
  }
}

let serial = 0;
function createManager(machine: FakeMachine): DeviceManager {
  return new DeviceManager(
    { receiver: machine, makeId: () => (serial += 1).toString(16).padStart(16, '0') },
    { blockDriver: 'virtio-blk', reservedBlockIndexes: [reservedIndex], roots: { sys: '/nonexistent' } },
  );
}

test('any sequence of calls and failures leaves counts, indexes and the machine consistent [proves devices.removeDevice, devices.isDeviceAttached, devices.getAllDevices, devices.save, devices.loadDevices]', async () => {
  const slot = fc.nat({ max: pool.length - 1 });
  const commands = fc.commands<Model, Real, false>(
    [
      slot.map((n) => new New(n)),
      slot.map((n) => new Remove(n)),
      fc.tuple(slot, fc.boolean()).map(([n, fails]) => new Attach(n, fails)),
      fc.tuple(slot, fc.boolean()).map(([n, fails]) => new Detach(n, fails)),
      slot.map((n) => new Storm(n)),
      slot.map((n) => new TakeOver(n)),
    ],
    // Without the size, most sequences are too short to use a device twice.
    { maxCommands: 100, size: 'max' },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const machine = new FakeMachine();
      await fc.asyncModelRun(
        () => ({ model: new Model(), real: { manager: createManager(machine), machine } }),
        steps,
      );
    }),
    { numRuns: 100 },
  );
});

test('the error class is this package’s own', async () => {
  await expect(createManager(new FakeMachine()).removeDevice('x')).rejects.toBeInstanceOf(DeviceManagerError);
});
