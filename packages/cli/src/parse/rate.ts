// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';

const unitBits: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/**
 * Reads a rate in bits per second: a number with the unit `k`, `m` or `g`, each a power of 1000. Rounded to whole bits. Error:
 * {@link UsageError}.
 * @param text the rate
 */
export function parseBitsPerSecond(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)(?:bit)?$/i.exec(text.trim());
  const unit = unitBits[match?.[2]?.toLowerCase() ?? ''];
  const bits = match === null || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  if (Number.isSafeInteger(bits)) return bits;
  throw new UsageError(
    `rate ${JSON.stringify(text)} is not a number of bits per second`,
    'write one, such as 100m',
  );
}
