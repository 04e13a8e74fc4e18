// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { freemem } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';

import { QemuHypervisor } from '@hako/hypervisor-qemu';
import {
  findPasst,
  findVirtiofsd,
  locateGuestAssets,
  resolveCacheDirectory,
  resolveRunRoot,
  SandboxError,
} from '@hako/sandbox';

import type { Check, CheckResult } from './check.ts';

/** Programs a sandbox calls by name, with the Debian package each is in. */
const programs: readonly {
  readonly name: string;
  readonly debianPackage: string;
  /** What cannot be done without it; absent: nothing can. */
  readonly loss?: string;
}[] = [
  { name: 'qemu-system-x86_64', debianPackage: 'qemu-system-x86' },
  { name: 'setpriv', debianPackage: 'util-linux' },
  { name: 'unshare', debianPackage: 'util-linux' },
  { name: 'nsenter', debianPackage: 'util-linux' },
  { name: 'mount', debianPackage: 'mount' },
  { name: 'busybox', debianPackage: 'busybox-static' },
  { name: 'umoci', debianPackage: 'umoci', loss: 'images of kind oci: cannot be used' },
  { name: 'mkfs.erofs', debianPackage: 'erofs-utils', loss: 'root file systems cannot be disks' },
  { name: 'ip', debianPackage: 'iproute2', loss: 'network namespaces cannot be joined' },
  { name: 'tc', debianPackage: 'iproute2', loss: 'network namespaces cannot be joined' },
];

const bytesPerMib = 2 ** 20;
const comfortableMib = 1024;

/** Those of the programs alone. */
export const programChecks: readonly Check[] = programs.map((program) => () => checkProgram(program));

/** All checks, in the order they are shown. */
export const machineChecks: readonly Check[] = [
  checkSystem,
  checkRights,
  ...programChecks,
  checkVirtiofsd,
  checkPasst,
  checkAccelerator,
  checkVsock,
  checkGuest,
  checkRunRoot,
  checkMemory,
];

function checkSystem(): CheckResult {
  const finding = `${process.platform} ${process.arch}, Node ${process.versions.node}`;
  return process.platform === 'linux'
    ? { name: 'system', status: 'ok', finding }
    : { name: 'system', status: 'missing', finding, remedy: 'use Linux' };
}

function checkRights(): CheckResult {
  return process.getuid?.() === 0
    ? { name: 'rights', status: 'ok', finding: 'root' }
    : {
        name: 'rights',
        status: 'missing',
        finding: 'not root',
        remedy: 'run as root: mount namespaces need it',
      };
}

async function checkProgram({ name, debianPackage, loss }: (typeof programs)[number]): Promise<CheckResult> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name);
    if (await isAccessible(path, constants.X_OK)) return { name, status: 'ok', finding: path };
  }
  const remedy = `apt-get install ${debianPackage}`;
  return loss === undefined
    ? { name, status: 'missing', finding: 'not installed', remedy }
    : { name, status: 'limited', finding: `not installed: ${loss}`, remedy };
}

async function checkVirtiofsd(): Promise<CheckResult> {
  const name = 'virtiofsd';
  return findVirtiofsd().then(
    ({ path, flavour }) => ({ name, status: 'ok', finding: `${path} (${flavour === 'c' ? 'C' : 'Rust'})` }),
    (error: unknown) => failure(name, error),
  );
}

async function checkPasst(): Promise<CheckResult> {
  const name = 'passt';
  return findPasst().then(
    (path) => ({ name, status: 'ok', finding: path }),
    // The hypervisor has a stack of its own.
    (error: unknown) => ({ ...failure(name, error), status: 'limited' }),
  );
}

async function checkAccelerator(): Promise<CheckResult> {
  const name = 'accelerator';
  try {
    const verdict = await new QemuHypervisor().kvmVerdict();
    return verdict.usable
      ? { name, status: 'ok', finding: 'KVM runs guests' }
      : {
          name,
          status: 'limited',
          finding: `emulation (TCG): ${verdict.reason}`,
          remedy: 'for speed, use a machine whose /dev/kvm works',
        };
  } catch (error) {
    return failure(name, error);
  }
}

async function checkVsock(): Promise<CheckResult> {
  return (await isAccessible('/dev/vhost-vsock', constants.R_OK | constants.W_OK))
    ? { name: 'agent channel', status: 'ok', finding: 'vsock' }
    : { name: 'agent channel', status: 'ok', finding: 'virtio-serial (no /dev/vhost-vsock)' };
}

async function checkGuest(): Promise<CheckResult> {
  const name = 'guest image';
  return locateGuestAssets(resolveCacheDirectory()).then(
    ({ imagePath = 'initrd only' }) => ({ name, status: 'ok', finding: imagePath }),
    (error: unknown) => failure(name, error),
  );
}

async function checkRunRoot(): Promise<CheckResult> {
  const name = 'run directory';
  const root = resolveRunRoot();
  const parent = join(root, '..');
  const usable = (await isAccessible(root, constants.W_OK)) || (await isAccessible(parent, constants.W_OK));
  return usable
    ? { name, status: 'ok', finding: root }
    : {
        name,
        status: 'missing',
        finding: `${root} is not writable`,
        remedy: 'run as root or set HAKO_RUN_DIR',
      };
}

function checkMemory(): CheckResult {
  const mib = Math.floor(freemem() / bytesPerMib);
  const finding = `${mib} MiB free`;
  return mib >= comfortableMib
    ? { name: 'memory', status: 'ok', finding }
    : { name: 'memory', status: 'limited', finding, remedy: 'give sandboxes less with --memory' };
}

function failure(name: string, error: unknown): CheckResult {
  const finding = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof SandboxError ? error.remedy : undefined;
  return { name, status: 'missing', finding, ...(remedy === undefined ? {} : { remedy }) };
}

function isAccessible(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
