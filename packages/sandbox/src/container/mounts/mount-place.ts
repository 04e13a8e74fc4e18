// SPDX-License-Identifier: Apache-2.0
import { normalize } from 'node:path';

/**
 * Where in a container a mount goes, written in the one way by which places can be compared.
 * @param destination as somebody wrote it
 */
export function mountPlace(destination: string): string {
  return normalize(destination).replace(/(.)\/+$/, '$1');
}
