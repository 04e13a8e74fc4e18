// SPDX-License-Identifier: Apache-2.0
import type {
  LinuxBlockIO,
  LinuxCPU,
  LinuxDeviceCgroup,
  LinuxMemory,
  LinuxResources,
  LinuxThrottleDevice,
} from '../generated/oci.ts';
import { givenList, givenNumber, givenText } from './absence.ts';
import { fromInt64, fromPositiveInt64, type OciInteger } from './integer.ts';
import { knownDeviceRuleType } from './known-names.ts';
import type {
  OciBlockIo,
  OciCpu,
  OciDeviceRule,
  OciMemory,
  OciResources,
  OciThrottleDevice,
} from './oci-resources.ts';

function memoryFromGrpc(memory: LinuxMemory): OciMemory {
  return {
    limit: fromPositiveInt64(memory.Limit),
    reservation: fromPositiveInt64(memory.Reservation),
    swap: fromPositiveInt64(memory.Swap),
    kernel: fromPositiveInt64(memory.Kernel),
    kernelTCP: fromPositiveInt64(memory.KernelTCP),
    swappiness: fromPositiveInt64(memory.Swappiness),
    disableOOMKiller: memory.DisableOOMKiller,
  };
}

function cpuFromGrpc(cpu: LinuxCPU): OciCpu {
  return {
    shares: fromPositiveInt64(cpu.Shares),
    quota: fromPositiveInt64(cpu.Quota),
    period: fromPositiveInt64(cpu.Period),
    realtimeRuntime: fromPositiveInt64(cpu.RealtimeRuntime),
    realtimePeriod: fromPositiveInt64(cpu.RealtimePeriod),
    cpus: givenText(cpu.Cpus),
    mems: givenText(cpu.Mems),
  };
}

function throttleFromGrpc(devices: readonly LinuxThrottleDevice[]): OciThrottleDevice[] | undefined {
  return givenList(
    devices.map((device) => ({
      major: fromInt64(device.Major),
      minor: fromInt64(device.Minor),
      rate: fromInt64(device.Rate),
    })),
  );
}

function blockIoFromGrpc(blockIo: LinuxBlockIO): OciBlockIo {
  return {
    weight: givenNumber(blockIo.Weight),
    leafWeight: givenNumber(blockIo.LeafWeight),
    weightDevice: givenList(
      blockIo.WeightDevice.map((device) => ({
        major: fromInt64(device.Major),
        minor: fromInt64(device.Minor),
        weight: givenNumber(device.Weight),
        leafWeight: givenNumber(device.LeafWeight),
      })),
    ),
    throttleReadBpsDevice: throttleFromGrpc(blockIo.ThrottleReadBpsDevice),
    throttleWriteBpsDevice: throttleFromGrpc(blockIo.ThrottleWriteBpsDevice),
    throttleReadIOPSDevice: throttleFromGrpc(blockIo.ThrottleReadIOPSDevice),
    throttleWriteIOPSDevice: throttleFromGrpc(blockIo.ThrottleWriteIOPSDevice),
  };
}

function deviceNumber(value: bigint): OciInteger | undefined {
  return value < 0n ? undefined : fromInt64(value);
}

function deviceRuleFromGrpc(rule: LinuxDeviceCgroup, index: number): OciDeviceRule {
  return {
    allow: rule.Allow,
    type: rule.Type === '' ? 'a' : knownDeviceRuleType(rule.Type, `linux.resources.devices[${index}].type`),
    major: deviceNumber(rule.Major),
    minor: deviceNumber(rule.Minor),
    access: givenText(rule.Access),
  };
}

/**
 * Reads resource limits back from the message of UpdateContainer or CreateContainer.
 *
 * Of limits only numbers above 0 count, because 0 is what an absent number looks like. A negative number in a device
 * rule is a wildcard and becomes absent; a rule without a type concerns all devices. Throws `invalid_spec` for an unknown
 * type, which upstream's agent takes for "all devices": a misspelt rule must not open everything.
 */
export function grpcToOciResources(resources: LinuxResources): OciResources {
  const { Network: network, Pids: pids } = resources;
  const pidsLimit = pids && fromPositiveInt64(pids.Limit);
  return {
    devices: givenList(resources.Devices.map(deviceRuleFromGrpc)),
    memory: resources.Memory && memoryFromGrpc(resources.Memory),
    cpu: resources.CPU && cpuFromGrpc(resources.CPU),
    pids: pidsLimit === undefined ? undefined : { limit: pidsLimit },
    blockIO: resources.BlockIO && blockIoFromGrpc(resources.BlockIO),
    hugepageLimits: givenList(
      resources.HugepageLimits.map((limit) => ({ pageSize: limit.Pagesize, limit: fromInt64(limit.Limit) })),
    ),
    network: network && {
      classID: givenNumber(network.ClassID),
      priorities: givenList(
        network.Priorities.map((entry) => ({ name: entry.Name, priority: entry.Priority })),
      ),
    },
  };
}
