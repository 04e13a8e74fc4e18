// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition } from '@hako/protocols/process-io';

/** The services whose messages `hako wire` can read: those of an agent. */
export const knownServices = [AgentServiceDefinition, HealthDefinition, ProcessIODefinition] as const;
