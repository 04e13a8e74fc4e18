// SPDX-License-Identifier: Apache-2.0
import { grpcToOciResources } from '@hako/protocols';
import {
  SandboxResourcesServiceDefinition,
  type SandboxResourcesServiceImplementation,
} from '@hako/protocols/sandbox-resources';

import { answerCaller } from '../run/owner-call.ts';
import { serveAsOwner } from '../run/serve-as-owner.ts';
import type { MachineRoom, RoomAgent } from './machine-room.ts';

/** Name of the socket in a run directory on which the owner of a machine that gets more for its containers answers. */
export const ownerSocketName = 'owner.sock';

/**
 * Lets other processes of the same user take part in a machine's room.
 * @param room the room
 * @param agent of the guest
 * @param socketPath where to listen
 */
export async function serveRoom(
  room: MachineRoom,
  agent: RoomAgent,
  socketPath: string,
): Promise<AsyncDisposable> {
  const service: SandboxResourcesServiceImplementation = {
    reserve: ({ containerId, resources }, { signal }) =>
      answerCaller(async () => {
        await room.admit(containerId, resources === undefined ? {} : grpcToOciResources(resources), signal);
        try {
          await room.provide(agent, signal);
        } catch (error) {
          room.release(containerId);
          throw error;
        }
        return {};
      }),
    keepVolumes: ({ containerId, volumes }, { signal }) =>
      answerCaller(async () => {
        const kept = volumes.map(({ mountPoint, groupId }) => ({
          mountPoint,
          ...(groupId > 0 && { groupId }),
        }));
        await room.keepVolumes(containerId, kept, agent, signal);
        return {};
      }),
    release({ containerId }) {
      room.release(containerId);
      return Promise.resolve({});
    },
    update: ({ containerId, resources }, { signal }) =>
      answerCaller(async () => {
        if (resources !== undefined)
          await room.update(containerId, grpcToOciResources(resources), agent, signal);
        return {};
      }),
  };
  return await serveAsOwner(socketPath, (server) => {
    server.add(SandboxResourcesServiceDefinition, service);
  });
}
