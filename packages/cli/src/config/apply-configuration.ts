// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';

import type { RunRequest } from '../run-request.ts';
import { containerSettings, mergeChoices } from './container-settings.ts';
import { deviceSettings } from './device-settings.ts';
import { configuredNetwork } from './network-settings.ts';
import { guestSettings } from './guest-settings.ts';
import { machineSettings } from './machine-settings.ts';
import { sharingSettings } from './sharing-settings.ts';
import { mergeSizing, sizingSettings } from './sizing-settings.ts';

/** What a configuration decides about a run; the words of the command line come before it. */
type ConfiguredRun = Pick<
  RunRequest,
  | 'choices'
  | 'sharing'
  | 'deviceSettings'
  | 'guestSetup'
  | 'sizing'
  | 'sizesOnce'
  | 'assets'
  | 'template'
  | 'debug'
  | 'kernelParameters'
  | 'programs'
  | 'machine'
  | 'machineSettings'
>;

/** Reads off a configuration what a run needs. */
function configuredRun(configuration: Configuration): ConfiguredRun {
  const qemu = 'hypervisor.qemu';
  const path = (key: string): string | undefined => configuration.text(qemu, key) || undefined;
  const [kernelPath, imagePath, initrdPath] = ['kernel', 'image', 'initrd'].map(path);
  const [qemuPath, virtiofsd] = ['path', 'virtio_fs_daemon'].map(path);
  const machine = configuration.text(qemu, 'machine_type');
  return {
    ...sizingSettings(configuration),
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
    choices: containerSettings(configuration),
    sharing: sharingSettings(configuration),
    deviceSettings: deviceSettings(configuration),
    guestSetup: guestSettings(configuration),
    machineSettings: machineSettings(configuration),
    ...(machine === 'q35' || machine === 'microvm' || machine === 'virt' ? { machine } : {}),
  };
}

/** Puts the words of the command line over what a configuration says. */
export function applyConfiguration(request: RunRequest, configuration: Configuration): RunRequest {
  const configured = configuredRun(configuration);
  return {
    ...configured,
    ...request,
    sizing: mergeSizing(configured.sizing, request.sizing),
    sizesOnce: configured.sizesOnce,
    assets: { ...configured.assets, ...request.assets },
    template: request.template === 'auto' ? configured.template : request.template,
    debug: request.debug || configured.debug,
    network: configuredNetwork(request.network, configuration),
    kernelParameters: [...configured.kernelParameters, ...request.kernelParameters],
    programs: { ...configured.programs, ...request.programs },
    choices: mergeChoices(configured.choices, request.choices),
    sharing: { ...configured.sharing, ...request.sharing },
    deviceSettings: { ...configured.deviceSettings, ...request.deviceSettings },
    guestSetup: { ...configured.guestSetup, ...request.guestSetup },
    machineSettings: { ...configured.machineSettings, ...request.machineSettings },
  };
}
