// SPDX-License-Identifier: Apache-2.0
import type { CallContext, MethodDescriptor, ServerMiddleware } from 'nice-grpc-common';
import type { MethodDefinition } from '../definition/service-definition.ts';
import type { GeneratorHandler, RouteHandler } from './server-route.ts';

/** Middleware whatever it adds to the context. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what middleware adds to the context is tracked by the server's type, not here
export type AnyServerMiddleware = ServerMiddleware<any, any>;

/** A method of an implementation, whatever its shape. */
export type Implementation = (request: unknown, context: CallContext) => unknown;

/** Surrounds an implementation with middleware, the first one outermost. */
export function buildHandler(
  middleware: readonly AnyServerMiddleware[],
  descriptor: MethodDescriptor,
  method: MethodDefinition,
  implementation: Implementation,
): RouteHandler {
  if (middleware.length === 0 && !method.requestStream && !method.responseStream) {
    return { kind: 'direct', handle: implementation };
  }
  const innermost: GeneratorHandler = method.responseStream
    ? async function* streamHandler(request, context) {
        yield* asStream(implementation(request, context));
      }
    : async function* replyHandler(request, context) {
        return await implementation(request, context);
      };
  const handle = middleware.reduceRight<GeneratorHandler>(
    (next, layer) => surround(layer, descriptor, next),
    innermost,
  );
  return { kind: 'generator', handle };
}

function surround(
  layer: AnyServerMiddleware,
  method: MethodDescriptor,
  next: GeneratorHandler,
): GeneratorHandler {
  return (request, context) => {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a call's type is a union over four shapes; the descriptor says which one this is
    const call: any = {
      method,
      requestStream: method.requestStream,
      request,
      responseStream: method.responseStream,
      next,
    };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-argument -- see above
    return layer(call, context);
  };
}

function asStream(result: unknown): AsyncIterable<unknown> {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the implementation's type demands an async iterable for this shape
  return result as AsyncIterable<unknown>;
}
