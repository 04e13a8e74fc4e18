// SPDX-License-Identifier: Apache-2.0
import { grpcToOciResources } from '@hako/protocols';
import {
  SandboxResourcesServiceDefinition,
  type SandboxResourcesServiceImplementation,
} from '@hako/protocols/sandbox-resources';
import { createServer, listen } from '@hako/ttrpc';

import { answerCaller } from '../run/owner-call.ts';
import type { MachineRoom, RoomAgent } from './machine-room.ts';

/** Name of the socket in a run directory on which the owner of a machine that can grow answers. */
export const ownerSocketName = 'owner.sock';

/** A server goes so long after its sandbox, at most. */
const farewellMs = 500;

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
  const server = createServer();
  server.add(SandboxResourcesServiceDefinition, service);
  const listener = await listen(`unix://${socketPath}`);
  server.listen(listener);
  return {
    async [Symbol.asyncDispose]() {
      await listener.close();
      await server.shutdown({ timeoutMs: farewellMs });
    },
  };
}
