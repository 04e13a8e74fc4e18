// SPDX-License-Identifier: Apache-2.0
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { commonMount } from './common-mount.ts';
import { numberOption, optionValue } from './option-value.ts';
import type { StorageDriver } from './storage-driver.ts';

const setGroupId = 0o2000;
const permissionBits = 0o7777;

function requiredBytes(storage: Storage, key: string): bigint {
  const text = optionValue(storage.options, key);
  if (text === undefined || !/^[1-9]\d*$/.test(text)) {
    throw new AgentError('storage_failed', `huge pages on ${storage.mountPoint} need ${key}=BYTES`);
  }
  return BigInt(text);
}

/** Reserves as many huge pages as the volume may use. Source: Documentation/admin-guide/mm/hugetlbpage.rst. */
async function reserveHugePages(storage: Storage): Promise<void> {
  const pageBytes = requiredBytes(storage, 'pagesize');
  const count = (requiredBytes(storage, 'size') / pageBytes).toString();
  const file = `/sys/kernel/mm/hugepages/hugepages-${(pageBytes / 1024n).toString()}kB/nr_hugepages`;
  let granted: string;
  try {
    await writeFile(file, count, { flag: 'r+' });
    granted = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new AgentError('storage_failed', 'huge pages cannot be reserved', { operand: file, cause: error });
  }
  if (granted !== count) {
    throw new AgentError('storage_failed', `only ${granted} of ${count} huge pages could be reserved`, {
      operand: file,
    });
  }
}

/** A volume in memory that outlives the containers that use it: tmpfs or huge pages. */
export const ephemeralDriver: StorageDriver = {
  name: 'ephemeral',
  async attach(storage, { mounter }) {
    if (storage.fstype === 'hugetlbfs') {
      await reserveHugePages(storage);
      await commonMount(storage, mounter);
      return undefined;
    }
    if (storage.mountPoint === '') {
      throw new AgentError('storage_failed', 'storage of driver ephemeral has no mount point');
    }
    await mkdir(storage.mountPoint, { recursive: true });
    const groupId = numberOption(storage.options, 'fsgid', 10);
    const options = storage.options.filter((option) => !option.startsWith('fsgid='));
    await commonMount({ ...storage, options }, mounter);
    if (groupId !== undefined) {
      const present = await stat(storage.mountPoint);
      await chown(storage.mountPoint, present.uid, groupId);
      await chmod(storage.mountPoint, (present.mode & permissionBits) | setGroupId);
    }
    return undefined;
  },
};
