// SPDX-License-Identifier: Apache-2.0
import { createGrpcGateway, gatewayService } from '@hako/grpc-gateway';
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { fileDescriptorSet } from '@hako/protocols/descriptors';
import { HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition } from '@hako/protocols/process-io';
import type { Agent } from '../agent.ts';

/** The agent's services over gRPC. */
export interface GrpcDoor {
  /** The TCP port; 0 for a unix socket. */
  readonly port: number;
  /** Takes no new calls, waits for those in flight, and cuts the waiting short after `timeoutMs`. Never rejects. */
  close(options: { readonly timeoutMs: number }): Promise<void>;
}

/**
 * Offers the very services that are served over ttRPC over gRPC as well, with reflection and `grpc.health.v1.Health`, for
 * tools such as grpcurl. The same gate stands before them.
 *
 * @param address - `unix://PATH` or `tcp://IP:PORT`; unencrypted, so whoever can connect can call
 * @throws GrpcGatewayError `invalid_address`, `listen_failed`
 */
export async function openGrpcDoor(agent: Agent, address: string): Promise<GrpcDoor> {
  const gateway = createGrpcGateway({
    services: [
      gatewayService(AgentServiceDefinition, agent.agentService),
      gatewayService(HealthDefinition, agent.healthService),
      gatewayService(ProcessIODefinition, agent.processIoService),
    ],
    descriptorSets: [fileDescriptorSet],
  });
  const port = await gateway.listen(address);
  return { port, close: (options) => gateway.shutdown(options) };
}
