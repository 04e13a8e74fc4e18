// SPDX-License-Identifier: Apache-2.0
import type { ServiceImplementation, TtrpcServiceDefinition } from '@hako/ttrpc';

import { GrpcGatewayError } from './gateway-error.ts';

/** A service as a ttRPC server takes it: the very objects that are given to its `add`. */
export interface GatewayService {
  readonly definition: TtrpcServiceDefinition;
  readonly implementation: object;
}

/** Pairs a definition with its implementation, checked by the compiler. */
export function gatewayService<Definition extends TtrpcServiceDefinition>(
  definition: Definition,
  implementation: ServiceImplementation<Definition>,
): GatewayService {
  return { definition, implementation };
}

/**
 * Refuses what would fail only when it is called.
 * @throws {@link GrpcGatewayError} `invalid_argument`
 */
export function checkServices(services: readonly GatewayService[]): void {
  const names = new Set<string>();
  for (const { definition, implementation } of services) {
    if (names.has(definition.fullName)) {
      throw new GrpcGatewayError('invalid_argument', `service ${definition.fullName} is given twice`);
    }
    names.add(definition.fullName);
    for (const name of Object.keys(definition.methods)) {
      if (typeof Reflect.get(implementation, name) !== 'function') {
        throw new GrpcGatewayError(
          'invalid_argument',
          `implementation of ${definition.fullName} lacks ${name}`,
        );
      }
    }
  }
}
