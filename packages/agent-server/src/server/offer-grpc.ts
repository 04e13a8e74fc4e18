// SPDX-License-Identifier: Apache-2.0
import type { Agent } from '../agent.ts';
import type { Logger } from '../logging/logger.ts';
import type { GrpcDoor } from '../optional/grpc-door.ts';

/**
 * Opens the gRPC door if there is to be one; gRPC is loaded here and nowhere else. A door that cannot be opened is logged: an
 * agent without it is worth more than none.
 *
 * @param address - `unix://PATH` or `tcp://IP:PORT`; empty for no door
 */
export async function offerGrpc(
  agent: Agent,
  address: string,
  logger: Logger,
): Promise<GrpcDoor | undefined> {
  if (address === '') return undefined;
  try {
    const { openGrpcDoor } = await import('../optional/grpc-door.ts');
    const door = await openGrpcDoor(agent, address);
    logger.info({ address, port: door.port }, 'gRPC door');
    return door;
  } catch (error) {
    logger.error({ error, address }, 'gRPC door cannot be opened');
    return undefined;
  }
}
