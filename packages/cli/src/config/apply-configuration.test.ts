// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';

import { Configuration, type FoundValue } from '@hako/configuration';
import { expect, test } from 'vitest';

import { runRequest, type RunWords } from '../run-request.ts';
import { applyConfiguration } from './apply-configuration.ts';

const qemu = 'hypervisor.qemu';

function apply(found: readonly FoundValue[], words: RunWords = {}) {
  const configuration = Configuration.defaults().with(found, () => ({ kind: 'file', file: 'x' }));
  return applyConfiguration(runRequest('busybox', [], words, {}), configuration);
}

test('a configuration decides what the words leave open', () => {
  const request = apply([
    { section: qemu, key: 'path', value: '/opt/qemu' },
    { section: qemu, key: 'virtio_fs_daemon', value: '/opt/virtiofsd' },
    { section: qemu, key: 'kernel', value: '/boot/guest' },
    { section: qemu, key: 'machine_type', value: 'q35' },
    { section: qemu, key: 'kernel_params', value: ' one  two=2 ' },
    { section: 'agent.kata', key: 'enable_debug', value: true },
    { section: 'agent.kata', key: 'debug_console_enabled', value: true },
    { section: 'factory', key: 'enable_template', value: true },
  ]);
  expect(request).toMatchObject({
    sizing: { vcpus: 1, memoryMib: 2048 },
    machine: 'q35',
    programs: { qemu: '/opt/qemu', virtiofsd: '/opt/virtiofsd' },
    assets: { kernelPath: '/boot/guest' },
    kernelParameters: ['agent.log=debug', 'agent.debug_console', 'one', 'two=2'],
    template: 'always',
  });
});

test('the words of the command line come first', () => {
  const request = apply(
    [
      { section: qemu, key: 'default_memory', value: 4096 },
      { section: qemu, key: 'kernel', value: '/boot/guest' },
      { section: 'factory', key: 'enable_template', value: true },
    ],
    { memory: '512m', kernel: '/mine', template: 'never' },
  );
  expect(request).toMatchObject({
    sizing: { memoryMib: 512 },
    assets: { kernelPath: '/mine' },
    template: 'never',
  });
});

test.each([
  { wanted: 0, vcpus: 1 },
  { wanted: 0.5, vcpus: 1 },
  { wanted: 1, vcpus: 1 },
  { wanted: -1, vcpus: availableParallelism() },
  { wanted: 240, vcpus: availableParallelism() },
])('$wanted CPUs are $vcpus', ({ wanted, vcpus }) => {
  expect(apply([{ section: qemu, key: 'default_vcpus', value: wanted }]).sizing.vcpus).toBe(vcpus);
});

test.each([
  { wanted: 0, memoryMib: 2048 },
  { wanted: 255, memoryMib: 2048 },
  { wanted: 256, memoryMib: 256 },
])('$wanted MiB of memory are $memoryMib', ({ wanted, memoryMib }) => {
  expect(apply([{ section: qemu, key: 'default_memory', value: wanted }]).sizing.memoryMib).toBe(memoryMib);
});

test.each<{ found: readonly Omit<FoundValue, 'section'>[]; settings: object }>([
  { found: [], settings: {} },
  // As with Kata's runtime there are no ports where nothing is plugged into them.
  { found: [{ key: 'pcie_root_port', value: 4 }], settings: {} },
  {
    found: [
      { key: 'hot_plug_vfio', value: 'root-port' },
      { key: 'pcie_root_port', value: 4 },
      { key: 'pcie_switch_port', value: 2 },
    ],
    settings: { pciePorts: { root: 4 } },
  },
  {
    found: [
      { key: 'hot_plug_vfio', value: 'switch-port' },
      { key: 'pcie_switch_port', value: 2 },
    ],
    settings: { pciePorts: { switch: 2 } },
  },
  { found: [{ key: 'guest_memory_dump_paging', value: true }], settings: {} },
  {
    found: [
      { key: 'guest_memory_dump_path', value: '/var/dumps' },
      { key: 'guest_memory_dump_paging', value: true },
    ],
    settings: { memoryDump: { directory: '/var/dumps', paging: true } },
  },
])('$found decides $settings of the machine', ({ found, settings }) => {
  const { machineSettings } = apply(found.map((each) => ({ ...each, section: qemu })));
  const { pciePorts, memoryDump } = machineSettings;
  expect({ ...(pciePorts && { pciePorts }), ...(memoryDump && { memoryDump }) }).toEqual(settings);
});
