// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import { readFile } from 'node:fs/promises';

import type { PluggedDevice } from '@hako/hypervisor';
import { describe, expect, test } from 'vitest';

import { silentLogger } from '../logger.ts';
import type { GuestNode } from './numa/guest-node.ts';
import { parseNumberList } from './number-list.ts';
import { VcpuPinning, type VcpuPinningParts } from './vcpu-pinning.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** Where the hypervisor, which is this process, may run. */
const anywhere =
  parseNumberList(/^Cpus_allowed_list:(.*)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? '') ??
  [];

/** A machine with threads 100, 101, … of which one can be seen at first, and one more with each look. */
class Machine {
  /** By thread. */
  readonly bound = new Map<number, readonly number[]>();
  readonly pauses: number[] = [];
  readonly vm: VcpuPinningParts['vm'] & { pluggedDevices: readonly PluggedDevice[] };
  threads: number;
  visible: number;
  refuses: { cpu: number; code: string } | undefined;

  constructor(threads: number, visible = threads) {
    this.threads = threads;
    this.visible = visible;
    this.vm = {
      pluggedDevices: [],
      pids: () => ({ vmm: process.pid }),
      vcpuThreads: () => {
        const seen = Array.from({ length: Math.min(this.visible, this.threads) }, (_, index) => ({
          index,
          threadId: 100 + index,
        }));
        this.visible += 1;
        // QEMU does not promise an order.
        return Promise.resolve(seen.toReversed());
      },
    };
  }

  pinning(more: Partial<VcpuPinningParts> = {}): VcpuPinning {
    return new VcpuPinning({
      ...{ vm: this.vm, vcpus: this.threads, logger: silentLogger },
      bindThread: (threadId, cpus) => {
        if (this.refuses !== undefined && cpus.length === 1 && cpus[0] === this.refuses.cpu)
          return Promise.reject(failure(this.refuses.code));
        this.bound.set(threadId, cpus);
        return Promise.resolve();
      },
      sleep: (ms) => Promise.resolve(this.pauses.push(ms)),
      ...more,
    });
  }

  /** Where the threads are, in the order of the CPUs. */
  get places(): readonly (readonly number[] | undefined)[] {
    return Array.from({ length: this.threads }, (_, index) => this.bound.get(100 + index));
  }
}

const node = (hostCpus: readonly number[], vcpus: number): GuestNode => ({
  ...{ hostCpus, vcpus, memoryMib: 256, hostNodes: [0], distances: [10, 20] },
});

describe('VcpuPinning', () => {
  test('binds each thread to one of the CPUs that the containers list together, and lets go when they list another number [proves vcpu pinning]', async () => {
    const machine = new Machine(3);
    const pinning = machine.pinning();
    pinning.admit('one', '4-5');
    await pinning.settle();
    expect(machine.places).toEqual([undefined, undefined, undefined]);
    pinning.admit('two', '2,5');
    await pinning.settle();
    expect(machine.places).toEqual([[2], [4], [5]]);
    await pinning.release('one');
    expect(machine.places).toEqual([anywhere, anywhere, anywhere]);
    await pinning.release('one');
  });

  test('binds again when the machine has as many CPUs as are listed', async () => {
    const machine = new Machine(1);
    const pinning = machine.pinning();
    pinning.admit('one', '0-1');
    await pinning.settle();
    expect(machine.places).toEqual([undefined]);
    machine.threads = 2;
    machine.vm.pluggedDevices = [
      { device: { kind: 'vcpus', id: 'vcpu-1', count: 1 }, address: { totalVcpus: 2 } },
    ];
    await pinning.settle();
    expect(machine.places).toEqual([[0], [1]]);
  });

  test('takes the CPUs of the control group where no container lists any', async () => {
    const machine = new Machine(2);
    const pinning = machine.pinning({ cpus: [6, 7] });
    pinning.admit('one', undefined);
    await pinning.settle();
    expect(machine.places).toEqual([[6], [7]]);
  });

  test('goes round the CPUs of each NUMA node that the sandbox has, and leaves the node if it has none there', async () => {
    const machine = new Machine(5);
    const pinning = machine.pinning({ numa: [node([0, 1], 3), node([2, 3], 3)] });
    await pinning.settle();
    expect(machine.places).toEqual([[0], [1], [0], [2], [3]]);
    pinning.admit('one', '1,3');
    await pinning.settle();
    expect(machine.places).toEqual([[1], [1], [1], [3], [3]]);
    await pinning.release('one');
    pinning.admit('two', '0-1');
    await pinning.settle();
    expect(machine.places).toEqual([[0], [1], [0], [1], [0]]);
  });

  test('waits for threads that are not there yet, longer each time, ten times in all', async () => {
    const machine = new Machine(4, 1);
    const pinning = machine.pinning({ cpus: [0, 1, 2, 3] });
    await pinning.settle();
    expect(machine.places).toEqual([[0], [1], [2], [3]]);
    expect(machine.pauses).toEqual([50, 100, 200]);

    const slow = new Machine(2);
    await slow.pinning({ cpus: [0, 1, 2], vcpus: 3 }).settle();
    expect(slow.pauses).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800]);
  });

  test.for([
    { code: 'EINVAL', as: 'invalid_options' },
    { code: 'EPERM', as: 'permission_denied' },
    { code: 'ENOSYS', as: 'tool_failed' },
  ])('lets all threads go when one is refused with $code', async ({ code, as }) => {
    const machine = new Machine(2);
    machine.refuses = { cpu: 9999, code };
    const pinning = machine.pinning();
    pinning.admit('one', '0,9999');
    await expect(pinning.settle()).rejects.toMatchObject({
      code: as,
      message: expect.stringMatching(
        /^virtual CPU 1 cannot run on CPU 9999 of the host(?:: .+)?$/,
      ) as unknown,
    });
    expect(machine.places).toEqual([anywhere, anywhere]);
  });

  test('a thread that has ended is no failure', async () => {
    const machine = new Machine(2);
    machine.refuses = { cpu: 1, code: 'ESRCH' };
    const pinning = machine.pinning({ cpus: [0, 1] });
    await pinning.settle();
    expect(machine.places).toEqual([[0], undefined]);
  });

  test('lets go of threads that a former owner has bound', async () => {
    const machine = new Machine(2);
    await machine.pinning({ isAdopted: true }).resettle();
    expect(machine.places).toEqual([anywhere, anywhere]);
  });
});
