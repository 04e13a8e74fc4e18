// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VmConfig } from '@hako/hypervisor';
import { QemuHypervisor, type QemuHypervisorComponents } from '../qemu-hypervisor.ts';
import { buildTestGuest, findTestKernel, testGuestParameter } from './test-guest.ts';

/** A QEMU hypervisor with a small guest in a temporary directory, which disposing removes. */
export interface QemuSubject extends AsyncDisposable {
  readonly directory: string;
  readonly hypervisor: QemuHypervisor;
  readonly config: VmConfig;
}

/** Prepares a guest that does the given job; see {@link testGuestParameter}. */
export async function createQemuSubject(
  job: string,
  components: QemuHypervisorComponents = {},
): Promise<QemuSubject> {
  const kernel = await findTestKernel();
  if (kernel === undefined)
    throw new Error('no test kernel: run npm start once, or set HAKO_TEST_KERNEL_DIR');
  const directory = await mkdtemp(join(tmpdir(), 'hako-qemu-'));
  const runDir = await mkdtemp(join(directory, 'run-'));
  await chmod(runDir, 0o700);
  const initrdPath = join(directory, 'initrd.cpio');
  await buildTestGuest(kernel, initrdPath);
  return {
    directory,
    hypervisor: new QemuHypervisor({ cacheDir: join(tmpdir(), 'hako-test-cache'), ...components }),
    config: {
      id: 'test-1',
      runDir,
      kernelPath: kernel.kernelPath,
      initrdPath,
      kernelParameters: [`${testGuestParameter}=${job}`],
      vcpus: 1,
      memoryMib: 128,
      sharedMemory: false,
      devices: [],
      agentChannel: 'virtio-serial',
      accelerator: 'auto',
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
