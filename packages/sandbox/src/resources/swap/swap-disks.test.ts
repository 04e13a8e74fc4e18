// SPDX-License-Identifier: Apache-2.0
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import type { PluggableDevice, PluggedDevice } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { FakeGuestAgent } from '../../testing/fake-guest-agent.ts';
import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { SwapDisks, type SwapDisksParts } from './swap-disks.ts';

const mib = 2 ** 20;
const { signal } = new AbortController();

/** A machine with a bridge of places, and one device in it that is no swap space. */
class FakeMachine {
  readonly pluggedDevices: PluggedDevice[] = [
    { device: { kind: 'vcpus', id: 'vcpu-7', count: 1 }, address: { totalVcpus: 2 } },
  ];
  /** Is asked before each plug. */
  before: (device: PluggableDevice) => Promise<void> | void = () => undefined;

  readonly plug: SwapDisksParts['vm']['plug'] = async (device) => {
    await this.before(device);
    const pciPath = `02/${(this.pluggedDevices.length + 8).toString(16).padStart(2, '0')}`;
    const plugged = { device, address: { pciPath } };
    this.pluggedDevices.push(plugged);
    return plugged as never;
  };
}

interface World extends AsyncDisposable {
  readonly vm: FakeMachine;
  readonly agent: FakeGuestAgent;
  readonly disks: SwapDisks;
  /** The disks as the next owner of the machine has them. */
  readonly inherit: () => SwapDisks;
  /** Sizes of the files in MiB, by name. */
  readonly files: () => Promise<Readonly<Record<string, number>>>;
  readonly directory: string;
}

async function world(): Promise<World> {
  const directory = await temporaryDirectory();
  const vm = new FakeMachine();
  const parts = { vm, directory: directory.path };
  return {
    vm,
    agent: new FakeGuestAgent(),
    disks: new SwapDisks(parts),
    inherit: () => new SwapDisks(parts),
    files: async () => {
      const names = (await readdir(directory.path)).toSorted();
      const sizes = names.map(async (name) => (await stat(join(directory.path, name))).size);
      return Object.fromEntries(
        (await Promise.all(sizes)).map((size, index) => [names[index] ?? '', (size - 4096) / mib]),
      );
    },
    directory: directory.path,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test('swap space grows by what is missing, a disk at a time, and is told to the guest by slot numbers', async () => {
  await using here = await world();
  const { agent, disks, vm } = here;
  await disks.grow(0, agent, signal);
  expect(agent.calls).toEqual([]);
  await disks.grow(32 * mib, agent, signal);
  await disks.grow(16 * mib, agent, signal);
  await disks.grow(40 * mib, agent, signal);
  expect(await here.files()).toEqual({ swap1: 32, swap2: 8 });
  expect(agent.swaps).toEqual([{ PCIPath: [2, 9] }, { PCIPath: [2, 10] }]);
  expect(vm.pluggedDevices.slice(1).map(({ device }) => device)).toEqual([
    { kind: 'block', id: 'swap-1', path: join(here.directory, 'swap1'), readOnly: false },
    { kind: 'block', id: 'swap-2', path: join(here.directory, 'swap2'), readOnly: false },
  ]);
});

test('what disks may still grow into has no room for another', async () => {
  await using here = await world();
  const { agent, disks, directory } = here;
  const { bavail, bsize } = await statfs(directory);
  await disks.grow(0.6 * bavail * bsize, agent, signal);
  await expect(disks.grow(1.2 * bavail * bsize, agent, signal)).rejects.toMatchObject({
    code: 'tool_failed',
  });
  expect(Object.keys(await here.files())).toEqual(['swap1']);
});

test('a disk that cannot be plugged leaves no file, and its name is not used again', async () => {
  await using here = await world();
  const { agent, disks, vm } = here;
  vm.before = () => Promise.reject(new Error('no'));
  await expect(disks.grow(mib, agent, signal)).rejects.toThrow('no');
  expect(await here.files()).toEqual({});
  vm.before = () => undefined;
  await disks.grow(mib, agent, signal);
  expect(await here.files()).toEqual({ swap2: 1 });
});

test('a guest that does not take a disk is asked again', async () => {
  await using here = await world();
  const { agent, disks } = here;
  const refusing = {
    addSwap: () => Promise.reject(new Error('AddSwapRequest failed with INTERNAL: EINVAL')),
  };
  await expect(disks.grow(mib, refusing, signal)).rejects.toThrow('EINVAL');
  await disks.grow(mib, agent, signal);
  expect(agent.swaps).toEqual([{ PCIPath: [2, 9] }]);
  expect(await here.files()).toEqual({ swap1: 1 });
});

test('the next owner counts what it finds, and tells the guest of it, which may know', async () => {
  await using here = await world();
  const { agent, disks } = here;
  await disks.grow(32 * mib, agent, signal);
  const next = here.inherit();
  const asked: unknown[] = [];
  const knowing = {
    addSwap: (request: object) => {
      asked.push(request);
      return Promise.reject(new Error('AddSwapRequest failed with INTERNAL: EBUSY: swapon'));
    },
  };
  await next.grow(16 * mib, knowing, signal);
  expect(asked).toEqual([{ PCIPath: [2, 9] }]);
  await next.grow(40 * mib, agent, signal);
  expect(await here.files()).toEqual({ swap1: 32, swap2: 8 });
  expect(agent.swaps.slice(1)).toEqual([{ PCIPath: [2, 10] }]);
});
