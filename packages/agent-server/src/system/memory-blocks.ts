// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { attribute, exists } from '../devices/sysfs.ts';
import { AgentError } from '../errors/agent-error.ts';

const memoryDir = 'devices/system/memory';

/**
 * Size of a memory block in bytes. The kernel writes it in hexadecimal without a prefix.
 *
 * @returns 0 when memory cannot be plugged
 * @throws AgentError `system_failed` for a text that is no number
 */
export async function readMemoryBlockSize(sysDir: string): Promise<bigint> {
  const text = await attribute(join(sysDir, memoryDir, 'block_size_bytes'));
  if (text === undefined) return 0n;
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) {
    throw new AgentError('system_failed', `size of a memory block cannot be read: ${JSON.stringify(text)}`);
  }
  return BigInt(`0x${text}`);
}

/** Where the kernel is told of plugged memory, if it has to be. */
export function memoryProbe(sysDir: string): string {
  return join(sysDir, memoryDir, 'probe');
}

/** Whether the kernel can be told of plugged memory. */
export async function hasMemoryProbe(sysDir: string): Promise<boolean> {
  return await exists(memoryProbe(sysDir));
}
