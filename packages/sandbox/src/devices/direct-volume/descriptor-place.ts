// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';

import { paddedBase64Url } from '../padded-base64url.ts';

/** Where Kata's runtime and storage drivers leave descriptors for each other. */
export const defaultDirectVolumes = '/run/kata-containers/shared/direct-volumes';

/** Name of a descriptor in its directory. */
export const descriptorFile = 'mountInfo.json';

/**
 * The directory of a volume's descriptor.
 * @param volumePath directory of the host that the volume stands for
 * @param root directory of all descriptors
 */
export function descriptorDirectory(volumePath: string, root: string): string {
  return join(root, paddedBase64Url(resolve(volumePath)));
}
