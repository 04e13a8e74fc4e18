// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { HypervisorError } from './hypervisor-error.ts';
import { validateTuning } from './machine-tuning.ts';
import {
  minimumMemoryMib,
  type ColdDevice,
  type CpuTopology,
  type ExportedDirectory,
  type VmConfig,
} from './vm-config.ts';

/** `COMMAND_LINE_SIZE` of x86 and arm64 kernels, minus its NUL; the driver's own words fit in the rest. */
const maximumParameterBytes = 1500;
const maximumMachineVcpus = 240;
/** `ACPI_MAX_RAM_SLOTS` of QEMU. */
const maximumMemorySlots = 256;
const maximumTagBytes = 36;
const maximumNinePTagBytes = 31;

/**
 * Checks the values of a config and the files it names. Creates nothing.
 *
 * @throws HypervisorError `invalid_config` naming the field or path and the remedy
 */
export async function validateVmConfig(config: VmConfig): Promise<void> {
  checkIdentity(config);
  checkSize(config);
  checkSlots(config);
  checkSnapshot(config);
  if (config.tuning !== undefined) validateTuning(config.tuning, config.memoryMib);
  checkKernelParameters(config.kernelParameters);
  checkDevices(config);
  await checkFiles(config);
}

function invalid(operand: string, message: string, remedy?: string, cause?: unknown): HypervisorError {
  return new HypervisorError('invalid_config', message, { operand, ...(remedy && { remedy }), cause });
}

function checkIdentity(config: VmConfig): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(config.id)) {
    throw invalid('id', `vm id ${JSON.stringify(config.id)} is not 1 to 64 letters, digits, dots, dashes`);
  }
  const { runDir, kernelPath, initrdPath, restoreFrom, networkNamespacePath, mountNamespacePath } = config;
  const paths = { runDir, kernelPath, initrdPath, restoreFrom, networkNamespacePath, mountNamespacePath };
  for (const [field, path] of Object.entries({ ...paths, 'rootImage.path': config.rootImage?.path })) {
    if (path !== undefined) checkPath(field, path);
  }
  for (const path of config.controlGroupFiles ?? []) checkPath('controlGroupFiles', path);
  if (config.initrdPath === undefined && config.rootImage === undefined) {
    throw invalid('initrdPath', 'vm has neither initrd nor root image', 'give at least one of them');
  }
}

function checkSnapshot({ restoreFrom, sharedMemory }: VmConfig): void {
  if (restoreFrom !== undefined && !sharedMemory)
    throw invalid('restoreFrom', 'a snapshot needs shared memory', 'set sharedMemory');
}

function checkPath(field: string, path: string): void {
  if (!isAbsolute(path) || path.includes('\0')) {
    throw invalid(field, `${field} ${JSON.stringify(path)} is not an absolute path`);
  }
}

function checkTopology({ sockets, cores, threads }: CpuTopology, maximumVcpus: number): void {
  const isWhole = [sockets, cores, threads].every((count) => Number.isInteger(count) && count > 0);
  if (isWhole && sockets * cores * threads === maximumVcpus) return;
  throw invalid(
    'cpuTopology',
    `${sockets} sockets of ${cores} cores of ${threads} threads are not ${maximumVcpus} vcpus`,
  );
}

function checkSize(config: VmConfig): void {
  const { vcpus, memoryMib, maximumVcpus = vcpus, maximumMemoryMib = memoryMib, cpuTopology } = config;
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > maximumMachineVcpus) {
    throw invalid('vcpus', `vcpus ${vcpus} is not a whole number from 1 to ${maximumMachineVcpus}`);
  }
  if (!Number.isInteger(memoryMib) || memoryMib < minimumMemoryMib) {
    throw invalid(
      'memoryMib',
      `memory ${memoryMib} MiB is below ${minimumMemoryMib} MiB or not a whole number`,
    );
  }
  if (!Number.isInteger(maximumVcpus) || maximumVcpus < vcpus || maximumVcpus > maximumMachineVcpus) {
    throw invalid(
      'maximumVcpus',
      `maximum of ${maximumVcpus} vcpus is not a whole number from ${vcpus} to ${maximumMachineVcpus}`,
    );
  }
  if (cpuTopology !== undefined) checkTopology(cpuTopology, maximumVcpus);
  if (!Number.isInteger(maximumMemoryMib) || maximumMemoryMib < memoryMib) {
    throw invalid(
      'maximumMemoryMib',
      `maximum memory ${maximumMemoryMib} MiB is below ${memoryMib} MiB or not a whole number`,
    );
  }
}

function checkSlots({ memorySlots = 1 }: VmConfig): void {
  if (Number.isInteger(memorySlots) && memorySlots >= 1 && memorySlots <= maximumMemorySlots) return;
  throw invalid(
    'memorySlots',
    `${memorySlots} places for memory are not a whole number from 1 to ${maximumMemorySlots}`,
  );
}

function checkKernelParameters(parameters: readonly string[]): void {
  for (const word of parameters) {
    // One word, where a double-quoted part may hold blanks, as the kernel's own parser has it.
    if (!/^(?:[\x21\x23-\x7e]|"[\x20\x21\x23-\x7e]*")+$/.test(word)) {
      throw invalid('kernelParameters', `kernel parameter ${JSON.stringify(word)} is not one printable word`);
    }
  }
  const bytes = parameters.join(' ').length;
  if (bytes > maximumParameterBytes) {
    throw invalid(
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
    if (names.has(name)) throw invalid('devices', `device ${name} is given twice`);
    names.add(name);
  }
}

function checkExports(directories: readonly ExportedDirectory[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { id, path } of directories) {
    const isUsable = /^[A-Za-z][A-Za-z0-9_-]{0,19}$/.test(id) && !ids.has(id);
    if (!isUsable) throw invalid('exportedDirectories', `exported directory has id ${JSON.stringify(id)}`);
    checkPath('exportedDirectories', path);
    ids.add(id);
  }
  return ids;
}

function checkTag({ kind, tag }: { readonly kind: string; readonly tag: string }, mostBytes: number): void {
  if (/^[\x21-\x7e]+$/.test(tag) && tag.length <= mostBytes) return;
  throw invalid('devices', `${kind} tag ${JSON.stringify(tag)} is not 1 to ${mostBytes} bytes`);
}

function checkDevice(device: ColdDevice, sharedMemory: boolean, exportIds: ReadonlySet<string>): string {
  switch (device.kind) {
    case 'virtio-fs':
      checkTag(device, maximumTagBytes);
      if (!sharedMemory) {
        throw invalid('sharedMemory', `virtio-fs ${device.tag} needs shared memory`, 'set sharedMemory');
      }
      checkPath('devices', device.socketPath);
      return `virtio-fs ${device.tag}`;
    case '9p':
      checkTag(device, maximumNinePTagBytes);
      if (!exportIds.has(device.exportId)) {
        throw invalid('exportedDirectories', `9p ${device.tag} exports an unknown ${device.exportId}`);
      }
      return `9p ${device.tag}`;
    case 'block':
      if (!/^[A-Za-z0-9_-]{1,20}$/.test(device.id)) {
        throw invalid(
          'devices',
          `block id ${JSON.stringify(device.id)} is not 1 to 20 letters, digits, dashes`,
        );
      }
      checkPath('devices', device.path);
      return `block ${device.id}`;
    case 'serial-port':
      if (!/^[A-Za-z0-9._-]{1,31}$/.test(device.name)) {
        throw invalid(
          'devices',
          `serial port name ${JSON.stringify(device.name)} is not 1 to 31 letters, digits, dots, dashes`,
        );
      }
      checkPath('devices', device.socketPath);
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
    throw invalid(
      field,
      `${what} ${path} cannot be read`,
      'check that the file exists and is readable',
      cause,
    );
  }
  throw invalid(field, `${what} ${path} is a directory`, 'name the file itself');
}

async function checkRunDir(path: string): Promise<void> {
  let mode: number;
  try {
    const found = await stat(path);
    if (!found.isDirectory()) throw invalid('runDir', `run directory ${path} is not a directory`);
    mode = found.mode & 0o777;
  } catch (cause) {
    if (HypervisorError.is(cause)) throw cause;
    throw invalid('runDir', `run directory ${path} cannot be read`, 'create it with mode 0700', cause);
  }
  if ((mode & 0o077) !== 0) {
    throw invalid('runDir', `run directory ${path} has mode 0${mode.toString(8)}`, 'set its mode to 0700');
  }
}
