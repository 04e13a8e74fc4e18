// SPDX-License-Identifier: Apache-2.0

/** The trees in which the kernel shows its devices. */
export interface DeviceTree {
  /** `/sys`. */
  readonly sysDir: string;
  /** `/dev`. */
  readonly devDir: string;
}

/** One device that is looked for. */
export interface DeviceQuery<Found> {
  /** Names it in errors: `disk at PCI path 02/01`. */
  readonly description: string;
  /** An event of one of these kernel subsystems is a reason to look again. */
  readonly subsystems: readonly string[];
  /** Whether it comes up without a driver, so that none is looked for. Default false. */
  readonly isDriverless?: boolean;
  /** Looks again this often besides, for what the kernel may refuse for a moment. Default: at events only. */
  readonly rescanMs?: number;
  /**
   * Looks whether it is there now.
   *
   * @returns undefined when it is not, or not ready yet
   */
  find(tree: DeviceTree): Promise<Found | undefined>;
}

/** How long a caller waits for a device. */
export interface DeviceWait {
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default: the agent's hot-plug limit. */
  readonly timeoutMs?: number | undefined;
}
