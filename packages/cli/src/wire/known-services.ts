// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition } from '@hako/protocols/process-io';
import { SandboxDisksServiceDefinition } from '@hako/protocols/sandbox-disks';
import { SandboxResourcesServiceDefinition } from '@hako/protocols/sandbox-resources';

/** The services whose messages `hako wire` can read: those of an agent, and those of a sandbox's owner. */
export const knownServices = [
  AgentServiceDefinition,
  HealthDefinition,
  ProcessIODefinition,
  SandboxDisksServiceDefinition,
  SandboxResourcesServiceDefinition,
] as const;
