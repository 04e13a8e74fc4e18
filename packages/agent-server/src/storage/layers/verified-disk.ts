// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { AgentError } from '../../errors/agent-error.ts';
import { modprobe } from '../../system/modprobe.ts';
import type { StorageContext } from '../storage-driver.ts';
import type { VerityOptions } from './verity-options.ts';

/** A disk of which every block that is read has been compared with its hash. */
export interface VerifiedDisk {
  /** Its node. */
  readonly path: string;
  /** Takes it away; one that is still mounted goes with its mount. */
  remove(): Promise<void>;
}

/**
 * Puts dm-verity before a disk that holds data and tree
 * (the kernel's Documentation/admin-guide/device-mapper/verity.rst).
 *
 * @param disk - node of the disk
 * @throws AgentError `storage_failed` when the kernel cannot or will not
 */
export async function openVerifiedDisk(
  disk: string,
  options: VerityOptions,
  { system, runProgram }: Pick<StorageContext, 'system' | 'runProgram'>,
): Promise<VerifiedDisk> {
  const { hashType, dataBlockBytes, hashBlockBytes, dataBlocks, hashStartBlock } = options;
  const { algorithm, rootHash, salt = '-' } = options;
  // A failure shows in what follows: the module may as well be built in.
  await modprobe(runProgram, ['-q', 'dm-verity']).catch(() => undefined);
  const name = `hako-verity-${randomBytes(8).toString('hex')}`;
  const words = [hashType, disk, disk, dataBlockBytes, hashBlockBytes, dataBlocks, hashStartBlock];
  try {
    const path = await system.createMappedDevice(name, {
      type: 'verity',
      sizeBytes: dataBlocks * dataBlockBytes,
      parameters: [...words, algorithm, rootHash, salt].join(' '),
    });
    return { path, remove: () => system.removeMappedDevice(name) };
  } catch (cause) {
    throw new AgentError('storage_failed', `${disk} cannot be verified`, { operand: disk, cause });
  }
}
