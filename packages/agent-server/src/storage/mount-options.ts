// SPDX-License-Identifier: Apache-2.0
import { parseMountOptions, type ParsedMountOptions } from '@hako/linux';
import { AgentError } from '../errors/agent-error.ts';

/** The kernel takes at most one page of data, terminator included. */
const maxDataBytes = 4095;

/**
 * Sorts the options of a storage into what mount(2) takes.
 *
 * @throws AgentError `storage_failed` for `loop`, which needs a device, and for more than a page of data
 */
export function storageMountOptions(options: readonly string[]): ParsedMountOptions {
  if (options.includes('loop')) throw new AgentError('storage_failed', 'mount option loop is not supported');
  const parsed = parseMountOptions(options);
  if (Buffer.byteLength(parsed.data) > maxDataBytes) {
    throw new AgentError('storage_failed', `mount options are longer than ${maxDataBytes} bytes`);
  }
  return parsed;
}
