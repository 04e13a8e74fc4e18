// SPDX-License-Identifier: Apache-2.0

/** Where a container is in its life, as hooks are told. */
export type HookStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What a hook reads on its standard input. Source: OCI runtime specification, runtime.md, State. */
export interface HookState {
  readonly ociVersion: string;
  /** Id of the container. */
  readonly id: string;
  readonly status: HookStatus;
  /** The hypervisor: on the host the container has no process of its own. Absent for one that has ended. */
  readonly pid?: number;
  /** Absolute path. */
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
