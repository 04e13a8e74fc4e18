// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { optionValue } from './option-value.ts';

const poolsDir = '/sys/kernel/mm/hugepages';

function requiredBytes(storage: Storage, key: string): bigint {
  // Hosts send both in one option.
  const words = storage.options.flatMap((option) => option.split(','));
  const text = optionValue(words, key);
  if (text === undefined || !/^[1-9]\d*$/.test(text)) {
    throw new AgentError('storage_failed', `huge pages on ${storage.mountPoint} need ${key}=BYTES`);
  }
  return BigInt(text);
}

/**
 * Sets the kernel's pool of huge pages of one size to what a volume may use.
 * Source: Documentation/admin-guide/mm/hugetlbpage.rst.
 *
 * @throws AgentError `storage_failed` without both options, for a page size there is not, and when memory does not suffice;
 * the pool then has the size it had
 */
export async function reserveHugePages(storage: Storage): Promise<void> {
  const pageBytes = requiredBytes(storage, 'pagesize');
  const count = (requiredBytes(storage, 'size') / pageBytes).toString();
  const file = `${poolsDir}/hugepages-${(pageBytes / 1024n).toString()}kB/nr_hugepages`;
  let granted: string;
  try {
    const before = (await readFile(file, 'utf8')).trim();
    await writeFile(file, count, { flag: 'r+' });
    granted = (await readFile(file, 'utf8')).trim();
    if (granted !== count) await writeFile(file, before, { flag: 'r+' });
  } catch (error) {
    throw new AgentError('storage_failed', 'huge pages cannot be reserved', { operand: file, cause: error });
  }
  if (granted !== count) {
    throw new AgentError('storage_failed', `only ${granted} of ${count} huge pages could be reserved`, {
      operand: file,
    });
  }
}
