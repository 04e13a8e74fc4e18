// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

/**
 * The number of a signal in the guest, which is a Linux like the host.
 * @param name such as `SIGTERM`
 */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}
