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
const remedy = 'write a size such as 512m or 2g, at least 128m';

/**
 * Reads a memory size: a number with the unit `b` (default), `k`, `m`, `g` or `t`, each a power of 1024, also `MiB` and
 * the like. Rounded up to whole MiB. Error: {@link UsageError}.
 * @param text the size
 */
export function parseMemoryMib(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const unit = unitBytes[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined)
    throw new UsageError(`memory ${JSON.stringify(text)} is not a size`, remedy);
  const mib = Math.ceil((Number(match[1]) * unit) / bytesPerMib);
  if (mib < minMib) throw new UsageError(`memory ${JSON.stringify(text)} is below ${minMib} MiB`, remedy);
  return mib;
}
