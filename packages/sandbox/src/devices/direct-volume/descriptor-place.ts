// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

/** Where Kata's runtime and storage drivers leave descriptors for each other. */
export const defaultDirectVolumes = '/run/kata-containers/shared/direct-volumes';

/**
 * The directory of a volume's descriptor.
 * @param volumePath directory of the host that the volume stands for
 * @param root directory of all descriptors
 */
export function descriptorDirectory(volumePath: string, root: string): string {
  return join(root, Buffer.from(volumePath).toString('base64url').padEnd(paddedLength(volumePath), '='));
}

/** Go's URL encoding, which Kata uses, pads. */
function paddedLength(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3) * 4;
}
