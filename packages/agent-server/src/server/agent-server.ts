// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition } from '@hako/protocols/process-io';
import { createServer, type Server } from '@hako/ttrpc';
import { Status } from 'nice-grpc-common';
import type { Agent } from '../agent.ts';
import type { Logger } from '../logging/logger.ts';

/**
 * A ttRPC server that answers as upstream's agent does: an unknown service is INVALID_ARGUMENT, and stream ids need not
 * rise.
 */
export function createAgentServer(agent: Agent, logger: Logger): Server {
  return createServer({
    streamIds: 'unique',
    unknownServiceStatus: Status.INVALID_ARGUMENT,
    onHandlerError: (error, { path }) => logger.debug({ path, error }, 'call was given up'),
  })
    .add(AgentServiceDefinition, agent.agentService)
    .add(HealthDefinition, agent.healthService)
    .add(ProcessIODefinition, agent.processIoService);
}
