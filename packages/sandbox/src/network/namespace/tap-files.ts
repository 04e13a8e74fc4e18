// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync } from 'node:fs';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import { macvtapDevice } from './macvtap-link.ts';

/** Open files of a macvtap, to be closed when the hypervisor has them, too. */
export interface TapFiles extends Disposable {
  readonly descriptors: readonly number[];
}

/** Which macvtap to open. */
export interface MacvtapRequest {
  /** Number of the link. */
  readonly index: number;
  /** Its hardware address: links of different namespaces can have the same number, and one of them has the file. */
  readonly mac: string;
  /** How often. */
  readonly count: number;
}

/** Opens a macvtap. Error: `network_failed`. */
export type OpenMacvtap = (request: MacvtapRequest) => Promise<TapFiles>;

/**
 * Opens the device file of a macvtap, once for each queue, and makes sure that it is the right one. Error: `network_failed`.
 * @param request which one
 */
export const openMacvtap: OpenMacvtap = async ({ index, mac, count }) => {
  const { tapHardwareAddress } = await import('@hako/linux');
  const path = macvtapDevice(index);
  const descriptors: number[] = [];
  const close = (): void => {
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
  };
  try {
    for (let number = 0; number < count; number += 1) {
      descriptors.push(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    }
    const present = tapHardwareAddress(descriptors[0] ?? -1);
    if (present !== mac) throw new Error(`its hardware address is ${present}, not ${mac}`);
  } catch (cause) {
    close();
    throw new SandboxError('network_failed', `macvtap ${path} cannot be opened: ${describeError(cause)}`, {
      cause,
      remedy: 'use the model tcfilter, or a /dev that the kernel fills (devtmpfs)',
    });
  }
  return { descriptors, [Symbol.dispose]: close };
};
