// SPDX-License-Identifier: Apache-2.0

/**
 * The highest number at the end of the names of devices, such as 3 of `vcpu-1` and `vcpu-3`; 0 without any.
 * @param ids the names
 */
export function lastNumber(ids: readonly string[]): number {
  return Math.max(0, ...ids.map((id) => Number(/-(\d{1,9})$/.exec(id)?.[1] ?? 0)));
}
