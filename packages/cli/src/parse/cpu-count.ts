// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';

const maxCpus = 240;

/**
 * Reads a number of virtual CPUs. Error: {@link UsageError}.
 * @param text the number
 */
export function parseCpuCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > maxCpus) {
    throw new UsageError(
      `${JSON.stringify(text)} CPUs are not possible`,
      `give a whole number from 1 to ${maxCpus}`,
    );
  }
  return count;
}
