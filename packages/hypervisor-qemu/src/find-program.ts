// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { HypervisorError } from '@hako/hypervisor';

/**
 * The absolute path of an executable, looked up in `searchPath` unless it is absolute already.
 *
 * @throws HypervisorError `vmm_missing` with the remedy
 */
export async function findProgram(
  name: string,
  searchPath: string = process.env['PATH'] ?? '',
): Promise<string> {
  const candidates = isAbsolute(name)
    ? [name]
    : searchPath
        .split(delimiter)
        .filter((directory) => isAbsolute(directory))
        .map((directory) => join(directory, name));
  for (const candidate of candidates) {
    if (await isExecutableFile(candidate)) return candidate;
  }
  throw new HypervisorError('vmm_missing', `${name} is not installed`, {
    operand: name,
    remedy: 'install QEMU (Debian: apt install qemu-system-x86)',
  });
}

async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
