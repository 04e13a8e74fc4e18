// SPDX-License-Identifier: Apache-2.0
import type { RunWords } from '../run-request.ts';
import { UsageError } from '../usage-error.ts';

/** Options of `hako run` that describe a machine, and so mean nothing to one that exists. */
const machineWords: Readonly<Partial<Record<keyof RunWords, string>>> = {
  rm: '--rm',
  detach: '--detach',
  keep: '--keep',
  maxCpus: '--max-cpus',
  maxMemory: '--max-memory',
  guestSwap: '--guest-swap',
  cgroupParent: '--cgroup-parent',
  hostCpus: '--host-cpus',
  hostMemory: '--host-memory',
  network: '--network',
  networkModel: '--network-model',
  rxRate: '--rx-rate',
  txRate: '--tx-rate',
  dns: '--dns',
  publish: '--publish',
  name: '--name',
  hostname: '--hostname',
  kernel: '--kernel',
  image: '--image',
  initrd: '--initrd',
  accel: '--accel',
  template: '--template',
  rootfs: '--rootfs',
  shmSize: '--shm-size',
  sharedFs: '--shared-fs',
  debug: '--debug',
  config: '--config',
};

/**
 * Refuses what describes a machine beside `--sandbox`. Error: {@link UsageError}.
 * @param words the options
 */
export function refuseMachineWords(words: RunWords): void {
  const [, refused] = Object.entries(machineWords).find(([name]) => name in words) ?? [];
  if (refused !== undefined)
    throw new UsageError(`${refused} does not go with --sandbox`, 'leave it out: the machine exists already');
}
