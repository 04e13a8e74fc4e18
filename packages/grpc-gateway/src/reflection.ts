// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'nice-grpc';
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection';

import { GrpcGatewayError } from './gateway-error.ts';

/**
 * Lets clients such as grpcurl ask what is served.
 * @param descriptorSets - encoded `google.protobuf.FileDescriptorSet`s; protobuf joins messages that stand one behind the other.
 * @param serviceNames - the services that are shown.
 */
export function addReflection(
  server: Server,
  descriptorSets: readonly Uint8Array[],
  serviceNames: readonly string[],
): void {
  try {
    server.add(ServerReflectionService, ServerReflection(Buffer.concat(descriptorSets), serviceNames));
  } catch (cause) {
    throw new GrpcGatewayError('invalid_argument', 'descriptor sets do not decode', { cause });
  }
}
