// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { HypervisorError } from './hypervisor-error.ts';
import { checkConfigPath, invalidConfig } from './invalid-config.ts';
import { validateTuning } from './machine-tuning.ts';
import { isMountTag, maximumTagBytes } from './mount-tag.ts';
import { validateNumaNodes } from './numa-node.ts';
import { validatePciePorts } from './pcie-ports.ts';
import {
  maximumMachineVcpus,
  maximumMemorySlots,
  minimumMemoryMib,
  type ColdDevice,
  type CpuTopology,
  type ExportedDirectory,
  type NinePDevice,
  type VirtioFsDevice,
  type VmConfig,
} from './vm-config.ts';
import { isWholeNumber } from './whole-number.ts';

/** `COMMAND_LINE_SIZE` of x86 and arm64 kernels, minus its NUL; the driver's own words fit in the rest. */
const maximumParameterBytes = 1500;

/**
 * Checks the values of a config and the files it names. Creates nothing.
 *
 * @throws HypervisorError `invalid_config` naming the field or path and the remedy
 */
export async function validateVmConfig(config: VmConfig): Promise<void> {
  checkIdentity(config);
  checkSize(config);
  checkSlots(config);
  validateNumaNodes(config);
  checkSnapshot(config);
  if (config.tuning !== undefined) validateTuning(config.tuning, config.memoryMib);
  if (config.pciePorts !== undefined) validatePciePorts(config.pciePorts);
  checkConfigPath('memoryDump', config.memoryDump?.directory);
  checkKernelParameters(config.kernelParameters);
  checkDevices(config);
  await checkFiles(config);
}

function checkIdentity(config: VmConfig): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(config.id)) {
    throw invalidConfig(
      'id',
      `vm id ${JSON.stringify(config.id)} is not 1 to 64 letters, digits, dots, dashes`,
    );
  }
  const { runDir, kernelPath, initrdPath, restoreFrom, networkNamespacePath, mountNamespacePath } = config;
  const paths = { runDir, kernelPath, initrdPath, restoreFrom, networkNamespacePath, mountNamespacePath };
  for (const [field, path] of Object.entries({ ...paths, 'rootImage.path': config.rootImage?.path })) {
    checkConfigPath(field, path);
  }
  for (const path of config.controlGroupFiles ?? []) checkConfigPath('controlGroupFiles', path);
  if (config.initrdPath === undefined && config.rootImage === undefined) {
    throw invalidConfig('initrdPath', 'vm has neither initrd nor root image', 'give at least one of them');
  }
}

function checkSnapshot({ restoreFrom, sharedMemory }: VmConfig): void {
  if (restoreFrom !== undefined && !sharedMemory)
    throw invalidConfig('restoreFrom', 'a snapshot needs shared memory', 'set sharedMemory');
}

function checkTopology({ sockets, cores, threads }: CpuTopology, maximumVcpus: number): void {
  const isWhole = [sockets, cores, threads].every((count) => isWholeNumber(count, 1));
  if (isWhole && sockets * cores * threads === maximumVcpus) return;
  throw invalidConfig(
    'cpuTopology',
    `${sockets} sockets of ${cores} cores of ${threads} threads are not ${maximumVcpus} vcpus`,
  );
}

function checkSize(config: VmConfig): void {
  const { vcpus, memoryMib, maximumVcpus = vcpus, maximumMemoryMib = memoryMib, cpuTopology } = config;
  if (!isWholeNumber(vcpus, 1, maximumMachineVcpus)) {
    throw invalidConfig('vcpus', `vcpus ${vcpus} is not a whole number from 1 to ${maximumMachineVcpus}`);
  }
  if (!isWholeNumber(memoryMib, minimumMemoryMib)) {
    throw invalidConfig(
      'memoryMib',
      `memory ${memoryMib} MiB is below ${minimumMemoryMib} MiB or not a whole number`,
    );
  }
  if (!isWholeNumber(maximumVcpus, vcpus, maximumMachineVcpus)) {
    throw invalidConfig(
      'maximumVcpus',
      `maximum of ${maximumVcpus} vcpus is not a whole number from ${vcpus} to ${maximumMachineVcpus}`,
    );
  }
  if (cpuTopology !== undefined) checkTopology(cpuTopology, maximumVcpus);
  if (!isWholeNumber(maximumMemoryMib, memoryMib)) {
    throw invalidConfig(
      'maximumMemoryMib',
      `maximum memory ${maximumMemoryMib} MiB is below ${memoryMib} MiB or not a whole number`,
    );
  }
}

function checkSlots({ memorySlots = 1 }: VmConfig): void {
  if (isWholeNumber(memorySlots, 1, maximumMemorySlots)) return;
  throw invalidConfig(
    'memorySlots',
    `${memorySlots} places for memory are not a whole number from 1 to ${maximumMemorySlots}`,
  );
}

function checkKernelParameters(parameters: readonly string[]): void {
  for (const word of parameters) {
    // One word, where a double-quoted part may hold blanks, as the kernel's own parser has it.
    if (!/^(?:[\x21\x23-\x7e]|"[\x20\x21\x23-\x7e]*")+$/.test(word)) {
      throw invalidConfig(
        'kernelParameters',
        `kernel parameter ${JSON.stringify(word)} is not one printable word`,
      );
    }
  }
  const bytes = parameters.join(' ').length;
  if (bytes > maximumParameterBytes) {
    throw invalidConfig(
      'kernelParameters',
      `kernel parameters take ${bytes} bytes of at most ${maximumParameterBytes}`,
    );
  }
}

function checkDevices(config: VmConfig): void {
  const names = new Set<string>();
  const exportIds = checkExports(config.exportedDirectories ?? []);
  for (const device of config.devices) {
    const name = checkDevice(device, config.sharedMemory, exportIds);
    if (names.has(name)) throw invalidConfig('devices', `device ${name} is given twice`);
    names.add(name);
  }
}

function checkExports(directories: readonly ExportedDirectory[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { id, path } of directories) {
    const isUsable = /^[A-Za-z][A-Za-z0-9_-]{0,19}$/.test(id) && !ids.has(id);
    if (!isUsable)
      throw invalidConfig('exportedDirectories', `exported directory has id ${JSON.stringify(id)}`);
    checkConfigPath('exportedDirectories', path);
    ids.add(id);
  }
  return ids;
}

function checkTag({ kind, tag }: VirtioFsDevice | NinePDevice): void {
  if (isMountTag(kind, tag)) return;
  throw invalidConfig(
    'devices',
    `${kind} tag ${JSON.stringify(tag)} is not 1 to ${maximumTagBytes[kind]} bytes`,
  );
}

function checkDevice(device: ColdDevice, sharedMemory: boolean, exportIds: ReadonlySet<string>): string {
  switch (device.kind) {
    case 'virtio-fs':
      checkTag(device);
      if (!sharedMemory) {
        throw invalidConfig(
          'sharedMemory',
          `virtio-fs ${device.tag} needs shared memory`,
          'set sharedMemory',
        );
      }
      checkConfigPath('devices', device.socketPath);
      return `virtio-fs ${device.tag}`;
    case '9p':
      checkTag(device);
      if (!exportIds.has(device.exportId)) {
        throw invalidConfig('exportedDirectories', `9p ${device.tag} exports an unknown ${device.exportId}`);
      }
      return `9p ${device.tag}`;
    case 'block':
      if (!/^[A-Za-z0-9_-]{1,20}$/.test(device.id)) {
        throw invalidConfig(
          'devices',
          `block id ${JSON.stringify(device.id)} is not 1 to 20 letters, digits, dashes`,
        );
      }
      checkConfigPath('devices', device.path);
      return `block ${device.id}`;
    case 'serial-port':
      if (!/^[A-Za-z0-9._-]{1,31}$/.test(device.name)) {
        throw invalidConfig(
          'devices',
          `serial port name ${JSON.stringify(device.name)} is not 1 to 31 letters, digits, dots, dashes`,
        );
      }
      checkConfigPath('devices', device.socketPath);
      return `serial-port ${device.name}`;
    default:
      return device satisfies never;
  }
}

async function checkFiles(config: VmConfig): Promise<void> {
  await checkReadable('kernelPath', 'kernel', config.kernelPath);
  if (config.initrdPath !== undefined) await checkReadable('initrdPath', 'initrd', config.initrdPath);
  if (config.rootImage !== undefined) await checkReadable('rootImage', 'root image', config.rootImage.path);
  for (const device of config.devices) {
    if (device.kind === 'block') await checkReadable('devices', `block device ${device.id}`, device.path);
  }
  await checkRunDir(config.runDir);
}

async function checkReadable(field: string, what: string, path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
    if (!(await stat(path)).isDirectory()) return;
  } catch (cause) {
    throw invalidConfig(
      field,
      `${what} ${path} cannot be read`,
      'check that the file exists and is readable',
      cause,
    );
  }
  throw invalidConfig(field, `${what} ${path} is a directory`, 'name the file itself');
}

async function checkRunDir(path: string): Promise<void> {
  let mode: number;
  try {
    const found = await stat(path);
    if (!found.isDirectory()) throw invalidConfig('runDir', `run directory ${path} is not a directory`);
    mode = found.mode & 0o777;
  } catch (cause) {
    if (HypervisorError.is(cause)) throw cause;
    throw invalidConfig('runDir', `run directory ${path} cannot be read`, 'create it with mode 0700', cause);
  }
  if ((mode & 0o077) !== 0) {
    throw invalidConfig(
      'runDir',
      `run directory ${path} has mode 0${mode.toString(8)}`,
      'set its mode to 0700',
    );
  }
}
