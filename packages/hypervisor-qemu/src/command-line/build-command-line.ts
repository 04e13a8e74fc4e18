// SPDX-License-Identifier: Apache-2.0
import type { ColdDevice, VmConfig } from '@hako/hypervisor';
import { agentDeviceArguments, agentSerialBus } from './agent-device.ts';
import { balloonArguments } from './balloon.ts';
import { cpuArguments } from './cpus.ts';
import { diskArguments } from './disk.ts';
import { diskThreadArguments, diskThreadProperty } from './disk-thread.ts';
import { hotplugArguments, residentOptions } from './hotplug-places.ts';
import { iommuArguments } from './iommu.ts';
import { kernelParameters } from './kernel-parameters.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { listeningSocket } from './listening-socket.ts';
import { machineProfile, type MachineProfile } from './machine-profile.ts';
import { hasMemoryBackend, mebibyte, memoryArguments, memoryBackendId } from './memory.ts';
import { exportedDirectoryArguments, ninePArguments } from './nine-p.ts';
import { nvdimmArguments } from './nvdimm.ts';
import { numaArguments } from './numa.ts';
import { optionList } from './option-list.ts';
import { panicDeviceArguments } from './panic-device.ts';
import { pciePortArguments } from './pcie-ports.ts';
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
    ...memoryArguments(config, persistentMib(plan)),
    ...numaArguments(config),
    ...iommuArguments(config),
    ...diskThreadArguments(config),
    ...['-chardev', consoleChannel(plan), '-serial', 'chardev:console'],
    ...hotplugArguments(machine.hotplugPlaces),
    ...(machine.isPc ? pciePortArguments(config.pciePorts) : []),
    ...panicDeviceArguments(config),
    ...rootImageArguments(plan, machine),
    ...agentDeviceArguments(
      plan.agent,
      plan.agentPortName,
      machine.virtioSuffix,
      config.devices.filter(({ kind }) => kind === 'serial-port').length,
    ),
    ...['-object', entropySource(config)],
    ...['-device', rngDevice(machine)],
    ...balloonArguments(config, machine.virtioSuffix),
    ...(config.exportedDirectories ?? []).flatMap(exportedDirectoryArguments),
    ...config.devices.flatMap((device, index) => coldDeviceArguments(device, index, machine, plan)),
    ...['-kernel', config.kernelPath],
    ...(config.initrdPath === undefined ? [] : ['-initrd', config.initrdPath]),
    ...['-append', kernelParameters(plan)],
    ...(plan.incoming === true ? ['-incoming', 'defer'] : []),
    // The monitor comes last: its greeting then says that all of the above exists.
    ...['-chardev', monitorChannel(plan), '-mon', 'chardev=monitor,mode=control'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
  ];
}

function consoleChannel({ sockets }: LaunchPlan): string {
  return sockets === undefined
    ? 'stdio,id=console,signal=off'
    : listeningSocket('console', sockets.consolePath);
}

function monitorChannel({ monitorFd, sockets }: LaunchPlan): string {
  return sockets === undefined
    ? optionList('socket', { id: 'monitor', fd: monitorFd })
    : listeningSocket('monitor', sockets.monitorPath);
}

function machineArguments(
  { accelerator, config, cpuModel, rootMemory }: LaunchPlan,
  machine: MachineProfile,
): string[] {
  const { machineOptions = [], cpuFeatures = [] } = config.tuning ?? {};
  const options = {
    ...machine.options(accelerator),
    ...(hasMemoryBackend(config) && { 'memory-backend': memoryBackendId }),
    ...(rootMemory !== undefined && { nvdimm: 'on' }),
    // The guest's interrupts go through its IOMMU, which is in QEMU.
    ...(config.tuning?.iommu === true && accelerator === 'kvm' && { kernel_irqchip: 'split' }),
  };
  const accel = accelerator === 'tcg' ? 'tcg,thread=multi' : 'kvm';
  return [
    ...['-machine', [optionList(machine.name, options), ...machineOptions].join(',')],
    ...['-accel', accel, '-cpu', [cpuModel, ...cpuFeatures].join(','), ...cpuArguments(config)],
    ...(machine.firmware === undefined ? [] : ['-bios', machine.firmware]),
  ];
}

function rngDevice(machine: MachineProfile): string {
  return optionList(`virtio-rng-${machine.virtioSuffix}`, {
    rng: 'rng0',
    ...residentOptions(machine.hotplugPlaces),
  });
}

function entropySource({ tuning = {} }: VmConfig): string {
  return optionList('rng-random', { id: 'rng0', filename: tuning.entropySource ?? '/dev/urandom' });
}

/** What the root image takes of the space for memory. */
function persistentMib({ rootMemory }: LaunchPlan): number {
  return rootMemory === undefined ? 0 : rootMemory.sizeBytes / mebibyte;
}

function rootImageArguments({ config, rootMemory }: LaunchPlan, { virtioSuffix }: MachineProfile): string[] {
  const { rootImage } = config;
  if (rootImage === undefined) return [];
  if (rootMemory !== undefined) return nvdimmArguments(rootImage.path, rootMemory.sizeBytes);
  const disk = { id: 'hako.root', path: rootImage.path, readOnly: true };
  return diskArguments(disk, virtioSuffix, diskThreadProperty(config));
}

function coldDeviceArguments(
  device: ColdDevice,
  index: number,
  machine: MachineProfile,
  { config, agent }: LaunchPlan,
): string[] {
  switch (device.kind) {
    case 'virtio-fs':
      return virtioFsArguments(device, index, machine.virtioSuffix);
    case '9p':
      return ninePArguments(device, machine.virtioSuffix);
    case 'block':
      return diskArguments(device, machine.virtioSuffix, diskThreadProperty(config));
    case 'serial-port':
      return serialPortArguments(device, index, machine.virtioSuffix, agentSerialBus(agent));
    default:
      return device satisfies never;
  }
}
