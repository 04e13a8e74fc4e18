// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};
const bytesPerMib = 2 ** 20;
const minMib = 128;
const minimum = `at least ${minMib}m`;
const remedy = 'write a size such as 512m or 2g';

/**
 * Reads a size in bytes: a number with the unit `b` (default), `k`, `m`, `g` or `t`, each a power of 1024, also `MiB` and
 * the like. Rounded up to whole bytes. Error: {@link UsageError}.
 * @param text the size
 * @param what has it, for messages
 */
export function parseBytes(text: string, what = 'memory'): number {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const unit = unitBytes[match?.[2]?.toLowerCase() ?? ''];
  const bytes = match === null || unit === undefined ? Number.NaN : Math.ceil(Number(match[1]) * unit);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(`${what} ${JSON.stringify(text)} is not a size`, remedy);
}

/**
 * Reads a size as {@link parseBytes} has it, rounded up to whole MiB. Error: {@link UsageError}.
 * @param text the size
 */
export function parseMib(text: string): number {
  return Math.ceil(parseBytes(text) / bytesPerMib);
}

/**
 * Reads the memory of a machine, in MiB. Error: {@link UsageError}, also for less than one needs.
 * @param text the size
 */
export function parseMemoryMib(text: string): number {
  const mib = parseMib(text);
  if (mib >= minMib) return mib;
  throw new UsageError(`memory ${JSON.stringify(text)} is below ${minMib} MiB`, `${remedy}, ${minimum}`);
}
