// SPDX-License-Identifier: Apache-2.0

/**
 * What went wrong with the gateway itself; failures of calls are gRPC statuses.
 *
 * - `invalid_argument`: two services of one name, an implementation that lacks a method, or descriptors that do not decode.
 * - `invalid_address`: gRPC cannot be served there.
 * - `listen_failed`: the address cannot be bound.
 * - `invalid_state`: it listens already, or has been shut down.
 */
export type GrpcGatewayErrorCode = 'invalid_argument' | 'invalid_address' | 'listen_failed' | 'invalid_state';

/** The one error class of this package. */
export class GrpcGatewayError extends Error {
  override readonly name = 'GrpcGatewayError';
  /** Which kind of failure this is. */
  readonly code: GrpcGatewayErrorCode;

  constructor(code: GrpcGatewayErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
  }
}
