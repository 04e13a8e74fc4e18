// SPDX-License-Identifier: Apache-2.0

const sumOf = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);

/** Index of the largest; of equals, the first. */
const largestOf = (parts: readonly number[]): number => parts.indexOf(Math.max(...parts));

/**
 * Divides CPUs among nodes as the host has them: in proportion to its CPUs there, at least one each; what is left over goes
 * to the largest, each one that it gets making it smaller for the next.
 * @param vcpus how many; at least as many as nodes
 * @param hostCpus of the host, at each node
 */
export function divideVcpus(vcpus: number, hostCpus: readonly number[]): readonly number[] {
  const all = sumOf(hostCpus);
  const parts = hostCpus.map((cpus) => Math.max(1, Math.floor((vcpus * cpus) / all)));
  const weights = [...hostCpus];
  for (let left = vcpus - sumOf(parts); left > 0; left -= 1) {
    const index = largestOf(weights);
    change(parts, index, 1);
    change(weights, index, -1);
  }
  for (let surplus = sumOf(parts) - vcpus; surplus > 0; surplus -= 1) change(parts, largestOf(parts), -1);
  return parts;
}

/**
 * Divides memory among nodes in proportion to their CPUs, in whole pieces, at least one each; the last gets what is left.
 * @param memoryMib how much
 * @param vcpus of each node
 * @param pieceMib size of a piece
 * @returns undefined if it cannot be divided so
 */
export function divideMemory(
  memoryMib: number,
  vcpus: readonly number[],
  pieceMib: number,
): readonly number[] | undefined {
  const all = sumOf(vcpus);
  const parts = vcpus.map((cpus) => Math.max(1, Math.floor((memoryMib * cpus) / all / pieceMib)) * pieceMib);
  const left = memoryMib - sumOf(parts);
  if (left < 0 || left % pieceMib !== 0) return undefined;
  change(parts, parts.length - 1, left);
  return parts;
}

function change(parts: number[], index: number, by: number): void {
  parts[index] = (parts[index] ?? 0) + by;
}
