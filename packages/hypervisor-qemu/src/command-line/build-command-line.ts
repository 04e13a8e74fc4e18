// SPDX-License-Identifier: Apache-2.0
import type { ColdDevice } from '@hako/hypervisor';
import { agentDeviceArguments } from './agent-device.ts';
import { diskArguments } from './disk.ts';
import { kernelParameters } from './kernel-parameters.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { machineProfile, type MachineProfile } from './machine-profile.ts';
import { optionList } from './option-list.ts';
import { virtioFsArguments } from './virtio-fs.ts';

const memoryBackendId = 'memory0';

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
    ...memoryArguments(plan),
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...rootImageArguments(plan, machine),
    ...agentDeviceArguments(plan.agent, plan.agentPortName, machine.virtioSuffix),
    ...['-object', 'rng-random,id=rng0,filename=/dev/urandom'],
    ...['-device', optionList(`virtio-rng-${machine.virtioSuffix}`, { rng: 'rng0' })],
    ...config.devices.flatMap((device, index) => coldDeviceArguments(device, index, machine)),
    ...['-kernel', config.kernelPath],
    ...(config.initrdPath === undefined ? [] : ['-initrd', config.initrdPath]),
    ...['-append', kernelParameters(plan)],
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
    ...['-accel', accel, '-cpu', cpuModel, '-smp', String(config.vcpus)],
    ...(machine.firmware === undefined ? [] : ['-bios', machine.firmware]),
  ];
}

function memoryArguments({ config }: LaunchPlan): string[] {
  const size = `${config.memoryMib}M`;
  if (!config.sharedMemory) return ['-m', size];
  const backend = optionList('memory-backend-memfd', { id: memoryBackendId, size, share: 'on' });
  return ['-m', size, '-object', backend];
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
    default:
      return device satisfies never;
  }
}
