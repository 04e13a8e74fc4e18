// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import type { AgentPaths } from '../paths/agent-paths.ts';
import type { Mounter } from '../system/mounter.ts';

/** What a storage driver works with. */
export interface StorageContext {
  readonly mounter: Mounter;
  readonly paths: AgentPaths;
  /** The container the storage is for; undefined for one of the sandbox. */
  readonly containerId: string | undefined;
}

/** Makes one kind of storage appear at its mount point. */
export interface StorageDriver {
  /** The word in `Storage.driver`. */
  readonly name: string;
  /**
   * Does the work.
   *
   * @returns the path to unmount and remove when nobody uses the storage any more; undefined when it stays until the sandbox
   * ends
   * @throws AgentError `storage_failed`
   */
  attach(storage: Storage, context: StorageContext): Promise<string | undefined>;
}
