// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';

import type { GrowthAgent, ContainerAgent } from '../process/guest-agent.ts';
import type { MemoryVolume } from './memory-volumes.ts';

/** The calls that a machine's room needs. */
export type RoomAgent = GrowthAgent & Pick<ContainerAgent, 'updateContainer'>;

/** Where containers get their part of a machine from. */
export interface MachineRoom {
  /**
   * Promises a container what its limits say, before anything of it is made. Errors: `invalid_options` when the machine
   * cannot become that large.
   * @param containerId the container; a second promise replaces the first
   * @param resources its limits
   * @param signal ends the wait with code `aborted`
   */
  admit(containerId: string, resources: OciResources, signal: AbortSignal | undefined): Promise<void>;
  /**
   * Has the machine as large as what is promised. Errors: `agent_failed`, `tool_failed`, `vm_exited`, `timeout`, `aborted`.
   * @param agent of the guest
   * @param signal ends the wait; what came by then stays
   */
  provide(agent: RoomAgent, signal: AbortSignal | undefined): Promise<void>;
  /**
   * Keeps volumes in memory as large as the machine whenever that grows, until the container is released. Errors: those of the
   * connection to the owner, `vm_exited`, `aborted`; a volume that does not grow is none.
   * @param containerId the container, which is there and has a promise
   * @param volumes its volumes
   * @param agent of the guest
   * @param signal ends the wait
   */
  keepVolumes(
    containerId: string,
    volumes: readonly MemoryVolume[],
    agent: RoomAgent,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /**
   * Takes the promise back; the machine shrinks later, as far as it can. Idempotent.
   * @param containerId the container
   */
  release(containerId: string): void;
  /**
   * Changes the limits of a container in the guest, with as much of the machine as that takes. Errors: as `admit` and
   * `provide`.
   * @param containerId the container
   * @param resources the new limits; what is absent stays
   * @param agent of the guest
   * @param signal ends the wait
   */
  update(
    containerId: string,
    resources: OciResources,
    agent: RoomAgent,
    signal: AbortSignal | undefined,
  ): Promise<void>;
}
