// SPDX-License-Identifier: Apache-2.0
import type {
  LinuxBlockIO,
  LinuxCPU,
  LinuxMemory,
  LinuxResources,
  LinuxThrottleDevice,
} from '../generated/oci.ts';
import { toInt64, toUint32, toUint64 } from './integer.ts';
import type { OciBlockIo, OciCpu, OciMemory, OciResources, OciThrottleDevice } from './oci-resources.ts';

const root = 'linux.resources';

function memoryToGrpc(memory: OciMemory): LinuxMemory {
  const field = `${root}.memory`;
  return {
    Limit: toInt64(memory.limit, `${field}.limit`),
    Reservation: toInt64(memory.reservation, `${field}.reservation`),
    Swap: toInt64(memory.swap, `${field}.swap`),
    Kernel: toInt64(memory.kernel, `${field}.kernel`),
    KernelTCP: toInt64(memory.kernelTCP, `${field}.kernelTCP`),
    Swappiness: toUint64(memory.swappiness, `${field}.swappiness`),
    DisableOOMKiller: memory.disableOOMKiller ?? false,
  };
}

function cpuToGrpc(cpu: OciCpu): LinuxCPU {
  const field = `${root}.cpu`;
  return {
    Shares: toUint64(cpu.shares, `${field}.shares`),
    Quota: toInt64(cpu.quota, `${field}.quota`),
    Period: toUint64(cpu.period, `${field}.period`),
    RealtimeRuntime: toInt64(cpu.realtimeRuntime, `${field}.realtimeRuntime`),
    RealtimePeriod: toUint64(cpu.realtimePeriod, `${field}.realtimePeriod`),
    Cpus: cpu.cpus ?? '',
    Mems: cpu.mems ?? '',
  };
}

function throttleToGrpc(
  devices: readonly OciThrottleDevice[] | undefined,
  name: string,
): LinuxThrottleDevice[] {
  return (devices ?? []).map((device, index) => {
    const field = `${root}.blockIO.${name}[${index}]`;
    return {
      Major: toInt64(device.major, `${field}.major`),
      Minor: toInt64(device.minor, `${field}.minor`),
      Rate: toUint64(device.rate, `${field}.rate`),
    };
  });
}

function blockIoToGrpc(blockIo: OciBlockIo): LinuxBlockIO {
  const field = `${root}.blockIO`;
  return {
    Weight: toUint32(blockIo.weight, `${field}.weight`),
    LeafWeight: toUint32(blockIo.leafWeight, `${field}.leafWeight`),
    WeightDevice: (blockIo.weightDevice ?? []).map((device, index) => ({
      Major: toInt64(device.major, `${field}.weightDevice[${index}].major`),
      Minor: toInt64(device.minor, `${field}.weightDevice[${index}].minor`),
      Weight: toUint32(device.weight, `${field}.weightDevice[${index}].weight`),
      LeafWeight: toUint32(device.leafWeight, `${field}.weightDevice[${index}].leafWeight`),
    })),
    ThrottleReadBpsDevice: throttleToGrpc(blockIo.throttleReadBpsDevice, 'throttleReadBpsDevice'),
    ThrottleWriteBpsDevice: throttleToGrpc(blockIo.throttleWriteBpsDevice, 'throttleWriteBpsDevice'),
    ThrottleReadIOPSDevice: throttleToGrpc(blockIo.throttleReadIOPSDevice, 'throttleReadIOPSDevice'),
    ThrottleWriteIOPSDevice: throttleToGrpc(blockIo.throttleWriteIOPSDevice, 'throttleWriteIOPSDevice'),
  };
}

/**
 * Gives resource limits as the message of UpdateContainer and CreateContainer.
 *
 * A device rule without a number matches every number, which the wire says by −1. Throws `invalid_spec` for a number
 * out of range.
 */
export function ociResourcesToGrpc(resources: OciResources): LinuxResources {
  const { network } = resources;
  return {
    Devices: (resources.devices ?? []).map((rule, index) => ({
      Allow: rule.allow,
      Type: rule.type ?? '',
      Major: toInt64(rule.major ?? -1, `${root}.devices[${index}].major`),
      Minor: toInt64(rule.minor ?? -1, `${root}.devices[${index}].minor`),
      Access: rule.access ?? '',
    })),
    Memory: resources.memory && memoryToGrpc(resources.memory),
    CPU: resources.cpu && cpuToGrpc(resources.cpu),
    Pids: resources.pids && { Limit: toInt64(resources.pids.limit, `${root}.pids.limit`) },
    BlockIO: resources.blockIO && blockIoToGrpc(resources.blockIO),
    HugepageLimits: (resources.hugepageLimits ?? []).map((limit, index) => ({
      Pagesize: limit.pageSize,
      Limit: toUint64(limit.limit, `${root}.hugepageLimits[${index}].limit`),
    })),
    Network: network && {
      ClassID: toUint32(network.classID, `${root}.network.classID`),
      Priorities: (network.priorities ?? []).map((entry, index) => ({
        Name: entry.name,
        Priority: toUint32(entry.priority, `${root}.network.priorities[${index}].priority`),
      })),
    },
  };
}
