// SPDX-License-Identifier: Apache-2.0
export { createGrpcGateway } from './grpc-gateway.ts';
export type { GrpcGateway, GrpcGatewayOptions } from './grpc-gateway.ts';
export { gatewayService } from './gateway-service.ts';
export type { GatewayService } from './gateway-service.ts';
export { GrpcGatewayError } from './gateway-error.ts';
export type { GrpcGatewayErrorCode } from './gateway-error.ts';
