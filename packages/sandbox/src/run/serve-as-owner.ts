// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';

import { createServer, listen, type Server } from '@hako/ttrpc';

/** A server goes so long after its sandbox, at most. */
const farewellMs = 500;

/**
 * Lets other processes of the same user ask the owner of a sandbox for something. A socket that a dead owner has left there is
 * replaced.
 * @param socketPath where to listen
 * @param offer adds what can be asked
 * @returns ends it; bounded
 */
export async function serveAsOwner(
  socketPath: string,
  offer: (server: Pick<Server, 'add'>) => void,
): Promise<AsyncDisposable> {
  const server = createServer();
  offer(server);
  await rm(socketPath, { force: true });
  const listener = await listen(`unix://${socketPath}`);
  server.listen(listener);
  return {
    async [Symbol.asyncDispose]() {
      await listener.close();
      await server.shutdown({ timeoutMs: farewellMs });
    },
  };
}
