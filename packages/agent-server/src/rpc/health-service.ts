// SPDX-License-Identifier: Apache-2.0
import { GRPC_API_VERSION } from '@hako/protocols';
import { HealthCheckResponse_ServingStatus, type HealthServiceImplementation } from '@hako/protocols/health';
import { agentVersion } from '../version.ts';

/** Tells whether the agent serves, which it does whenever it can be asked. It waits for nothing. */
export const healthService: HealthServiceImplementation = {
  check: () => Promise.resolve({ status: HealthCheckResponse_ServingStatus.SERVING }),
  version: () => Promise.resolve({ grpcVersion: GRPC_API_VERSION, agentVersion }),
};
