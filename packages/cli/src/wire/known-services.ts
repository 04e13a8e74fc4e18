// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';

/** The services whose messages `hako wire` can read: those of an agent. */
export const knownServices = [AgentServiceDefinition, HealthDefinition] as const;
