// SPDX-License-Identifier: Apache-2.0
import type { ProcessIdentity } from './process-identity.ts';

/**
 * What another process needs to take a running machine over ({@link Hypervisor.adoptVm}), as JSON data. Written anew when the
 * devices of the machine have changed.
 */
export interface VmRecord {
  /** {@link Hypervisor.name} of the driver that can read it. */
  readonly driver: string;
  /** Format of {@link state}. */
  readonly version: number;
  /** The hypervisor process. */
  readonly process: ProcessIdentity;
  /** The driver's own. */
  readonly state: unknown;
}
