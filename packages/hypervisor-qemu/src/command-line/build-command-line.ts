// SPDX-License-Identifier: Apache-2.0
import type { ColdDevice } from '@hako/hypervisor';
import { agentDeviceArguments } from './agent-device.ts';
import { balloonArguments } from './balloon.ts';
import { cpuArguments } from './cpus.ts';
import { diskArguments } from './disk.ts';
import { hotplugArguments, residentOptions } from './hotplug-places.ts';
import { kernelParameters } from './kernel-parameters.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { machineProfile, type MachineProfile } from './machine-profile.ts';
import { memoryArguments, memoryBackendId } from './memory.ts';
import { optionList } from './option-list.ts';
import { serialPortArguments } from './serial-port.ts';
import { virtioFsArguments } from './virtio-fs.ts';

/**
 * QEMU's arguments for a plan. Pure: same plan, same list. The guest is created stopped (`-S`); the driver lets it run
 * once it is connected to the monitor and the agent port.
 */
export function buildCommandLine(plan: LaunchPlan): string[] {
  const { config } = plan;
  const machine = machineProfile(plan.machine);
  return [
    ...['-name', optionList(`hako-${config.id}`, { 'debug-threads': 'on' })],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-S'],
    ...machineArguments(plan, machine),
    ...memoryArguments(config),
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...hotplugArguments(machine.hotplugPlaces),
    ...rootImageArguments(plan, machine),
    ...agentDeviceArguments(plan.agent, plan.agentPortName, machine.virtioSuffix),
    ...['-object', 'rng-random,id=rng0,filename=/dev/urandom'],
    ...['-device', rngDevice(machine)],
    ...balloonArguments(config, machine.virtioSuffix),
    ...config.devices.flatMap((device, index) => coldDeviceArguments(device, index, machine)),
    ...['-kernel', config.kernelPath],
    ...(config.initrdPath === undefined ? [] : ['-initrd', config.initrdPath]),
    ...['-append', kernelParameters(plan)],
    ...(plan.incoming === true ? ['-incoming', 'defer'] : []),
    // The monitor comes last: its greeting then says that all of the above exists.
    ...[
      '-chardev',
      optionList('socket', { id: 'monitor', fd: plan.monitorFd }),
      '-mon',
      'chardev=monitor,mode=control',
    ],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
  ];
}

function machineArguments({ accelerator, config, cpuModel }: LaunchPlan, machine: MachineProfile): string[] {
  const memory = config.sharedMemory ? { 'memory-backend': memoryBackendId } : {};
  const accel = accelerator === 'tcg' ? 'tcg,thread=multi' : 'kvm';
  return [
    ...['-machine', optionList(machine.name, { ...machine.options(accelerator), ...memory })],
    ...['-accel', accel, '-cpu', cpuModel, ...cpuArguments(config)],
    ...(machine.firmware === undefined ? [] : ['-bios', machine.firmware]),
  ];
}

function rngDevice(machine: MachineProfile): string {
  return optionList(`virtio-rng-${machine.virtioSuffix}`, {
    rng: 'rng0',
    ...residentOptions(machine.hotplugPlaces),
  });
}

function rootImageArguments({ config }: LaunchPlan, machine: MachineProfile): string[] {
  if (config.rootImage === undefined) return [];
  return diskArguments(
    { id: 'hako.root', path: config.rootImage.path, readOnly: true },
    machine.virtioSuffix,
  );
}

function coldDeviceArguments(device: ColdDevice, index: number, machine: MachineProfile): string[] {
  switch (device.kind) {
    case 'virtio-fs':
      return virtioFsArguments(device, index, machine.virtioSuffix);
    case 'block':
      return diskArguments(device, machine.virtioSuffix);
    case 'serial-port':
      return serialPortArguments(device, index, machine.virtioSuffix);
    default:
      return device satisfies never;
  }
}
