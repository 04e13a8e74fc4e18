// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';

import type { Configuration } from '@hako/configuration';

import type { RunRequest } from '../run-request.ts';

/** Less memory than this is what Kata takes for a mistake, and replaces. */
const leastMemoryMib = 256;
const usualMemoryMib = 2048;

/** What a configuration decides about a run; the words of the command line come before it. */
export type ConfiguredRun = Pick<
  RunRequest,
  'vcpus' | 'memoryMib' | 'assets' | 'template' | 'debug' | 'kernelParameters' | 'programs' | 'machine'
>;

/** Reads off a configuration what a run needs. */
export function configuredRun(configuration: Configuration): ConfiguredRun {
  const qemu = 'hypervisor.qemu';
  const path = (key: string): string | undefined => configuration.text(qemu, key) || undefined;
  const [kernelPath, imagePath, initrdPath] = ['kernel', 'image', 'initrd'].map(path);
  const [qemuPath, virtiofsd] = ['path', 'virtio_fs_daemon'].map(path);
  const machine = configuration.text(qemu, 'machine_type');
  const memoryMib = configuration.number(qemu, 'default_memory');
  return {
    vcpus: vcpus(configuration.number(qemu, 'default_vcpus')),
    memoryMib: memoryMib < leastMemoryMib ? usualMemoryMib : memoryMib,
    assets: {
      ...(kernelPath === undefined ? {} : { kernelPath }),
      ...(imagePath === undefined ? {} : { imagePath }),
      ...(initrdPath === undefined ? {} : { initrdPath }),
    },
    template: configuration.switch('factory', 'enable_template') ? 'always' : 'auto',
    debug: configuration.switch(qemu, 'enable_debug'),
    kernelParameters: [
      ...(configuration.switch('agent.kata', 'enable_debug') ? ['agent.log=debug'] : []),
      ...(configuration.switch('agent.kata', 'enable_tracing') ? ['agent.trace=true'] : []),
      ...(configuration.switch('agent.kata', 'debug_console_enabled') ? ['agent.debug_console'] : []),
      ...configuration
        .text(qemu, 'kernel_params')
        .split(/\s+/)
        .filter((word) => word !== ''),
    ],
    programs: {
      ...(qemuPath === undefined ? {} : { qemu: qemuPath }),
      ...(virtiofsd === undefined ? {} : { virtiofsd }),
    },
    ...(machine === 'q35' || machine === 'microvm' || machine === 'virt' ? { machine } : {}),
  };
}

/** As Kata reads it: below 0, or more than there are, means all of the host; 0 means one; a part counts as a whole. */
function vcpus(wanted: number): number {
  const present = availableParallelism();
  if (wanted < 0 || wanted > present) return present;
  return Math.max(1, Math.ceil(wanted));
}

/** Puts the words of the command line over what a configuration says. */
export function applyConfiguration(request: RunRequest, configuration: Configuration): RunRequest {
  const configured = configuredRun(configuration);
  return {
    ...configured,
    ...request,
    assets: { ...configured.assets, ...request.assets },
    template: request.template === 'auto' ? configured.template : request.template,
    debug: request.debug || configured.debug,
    kernelParameters: [...configured.kernelParameters, ...request.kernelParameters],
    programs: { ...configured.programs, ...request.programs },
  };
}
