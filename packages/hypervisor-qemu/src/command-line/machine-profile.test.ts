// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { checkGrowth } from './check-growth.ts';
import { machineProfile } from './machine-profile.ts';

const size = { vcpus: 2, memoryMib: 512 } as const;

describe('machine types tell the truth about what can be plugged', () => {
  test.for([
    { name: 'q35', devices: true, vcpus: true, memory: true },
    { name: 'virt', devices: true, vcpus: false, memory: true },
    { name: 'microvm', devices: false, vcpus: false, memory: false },
  ] as const)('$name', ({ name, devices, vcpus, memory }) => {
    const profile = machineProfile(name);
    expect(profile.capabilities).toEqual({
      blockDevice: true,
      blockDeviceHotplug: devices,
      multiQueue: false,
      fileSystemSharing: true,
      networkDeviceHotplug: devices,
      vcpuHotplug: vcpus,
      memoryHotplug: memory,
    });
    expect(profile.hotplugPlaces === 'none').toBe(!devices);
  });
});

describe('checkGrowth', () => {
  test.for([
    { name: 'q35', change: { maximumVcpus: 4, maximumMemoryMib: 1024 } },
    { name: 'virt', change: { maximumMemoryMib: 1024 } },
    { name: 'microvm', change: { maximumVcpus: 2, maximumMemoryMib: 512 } },
  ] as const)('$name takes $change', ({ name, change }) => {
    expect(() => checkGrowth({ ...size, ...change }, machineProfile(name))).not.toThrow();
  });

  test.for([
    { name: 'virt', change: { maximumVcpus: 4 }, operand: 'maximumVcpus' },
    { name: 'microvm', change: { maximumVcpus: 4 }, operand: 'maximumVcpus' },
    { name: 'microvm', change: { maximumMemoryMib: 1024 }, operand: 'maximumMemoryMib' },
  ] as const)('$name refuses $change', ({ name, change, operand }) => {
    expect(() => checkGrowth({ ...size, ...change }, machineProfile(name))).toThrow(
      expect.objectContaining({ code: 'unsupported', operand }),
    );
  });
});
