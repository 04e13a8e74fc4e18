// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import type { GuestDevices } from '../devices/guest-devices.ts';
import type { Logger } from '../logging/logger.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import type { GuestSystem } from '../system/guest-system.ts';
import type { Mounter } from '../system/mounter.ts';
import type { ProgramRunner } from '../system/program-runner.ts';

/** What storage drivers work with. */
export interface StorageTools {
  readonly mounter: Mounter;
  readonly paths: AgentPaths;
  readonly system: GuestSystem;
  readonly runProgram: ProgramRunner;
  readonly devices: Pick<GuestDevices, 'waitForBlockDevice'>;
  readonly logger: Logger;
}

/** What a storage driver works with for one storage. */
export interface StorageContext extends StorageTools {
  /** The container the storage is for; undefined for one of the sandbox. */
  readonly containerId: string | undefined;
  /** Storages that make up one root file system together, this one included; empty for all others. */
  readonly layers: readonly Storage[];
  /** Ends waits for devices and programs. */
  readonly signal: AbortSignal;
}

/** A storage that has appeared. */
export interface AttachedStorage {
  /**
   * Takes it away again, when nobody uses it any more.
   *
   * @throws AgentError `storage_failed`
   */
  detach(): Promise<void>;
}

/** Makes one kind of storage appear at its mount point. */
export interface StorageDriver {
  /** The word in `Storage.driver`. */
  readonly name: string;
  /**
   * Does the work.
   *
   * @returns undefined when it stays until the sandbox ends
   * @throws AgentError `storage_failed`, `path_refused`; `timed_out` for a device that does not appear
   */
  attach(storage: Storage, context: StorageContext): Promise<AttachedStorage | undefined>;
}
