// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPowerOffInitramfs } from '@hako/guest-image';
import { QemuHypervisor } from '@hako/hypervisor-qemu';
import type { Figures } from '../frame/benchmark.ts';

/** The least a machine can do with a kernel: boot it with an init whose first act is to power off. */
export class BareBoot implements AsyncDisposable {
  readonly #directory: string;
  readonly #kernelPath: string;
  readonly #initrdPath: string;
  readonly #hypervisor = new QemuHypervisor({});
  #count = 0;

  private constructor(directory: string, kernelPath: string, initrdPath: string) {
    this.#directory = directory;
    this.#kernelPath = kernelPath;
    this.#initrdPath = initrdPath;
  }

  /** @param kernelPath - The kernel that is booted, the one sandboxes boot. */
  static async prepare(kernelPath: string): Promise<BareBoot> {
    const directory = await mkdtemp(join(tmpdir(), 'hako-bench-'));
    const initrdPath = join(directory, 'initrd.cpio');
    await writeFile(initrdPath, buildPowerOffInitramfs());
    return new BareBoot(directory, kernelPath, initrdPath);
  }

  /** From the call to the machine's end, through the same driver with the same options as a sandbox. */
  async measure(): Promise<Figures> {
    const runDir = await mkdtemp(join(this.#directory, 'run-'));
    const startMs = performance.now();
    await using vm = await this.#hypervisor.createVm({
      id: `bare-${this.#count++}`,
      runDir,
      kernelPath: this.#kernelPath,
      initrdPath: this.#initrdPath,
      kernelParameters: [],
      vcpus: 1,
      memoryMib: 512,
      sharedMemory: true,
      devices: [],
      agentChannel: 'auto',
      accelerator: 'auto',
    });
    await vm.start();
    await vm.exited;
    return { total: performance.now() - startMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}
