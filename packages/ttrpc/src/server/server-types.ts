// SPDX-License-Identifier: Apache-2.0
import type { CallContext } from 'nice-grpc-common';
import type {
  DeepPartial,
  RequestOf,
  ResponseOf,
  TtrpcServiceDefinition,
} from '../definition/service-definition.ts';

/** What a streaming handler returns; an async generator function is the usual way to make it. */
export interface ServerStream<Message> {
  [Symbol.asyncIterator](): AsyncIterator<Message, void>;
}

/** One method as a service implements it. */
export type MethodImplementation<Method, Ext> = Method extends {
  requestStream: infer Many;
  responseStream: infer Stream;
}
  ? (
      request: Many extends true ? AsyncIterable<RequestOf<Method>> : RequestOf<Method>,
      context: CallContext & Ext,
    ) => Stream extends true
      ? ServerStream<DeepPartial<ResponseOf<Method>>>
      : Promise<DeepPartial<ResponseOf<Method>>>
  : never;

/**
 * A service as nice-grpc has it implemented; the implementation types that ts-proto generates are assignable to it.
 * Methods are called on the object they were found on, so a class instance is fine.
 */
export type ServiceImplementation<Definition extends TtrpcServiceDefinition, Ext = unknown> = {
  [Name in keyof Definition['methods']]: MethodImplementation<Definition['methods'][Name], Ext>;
};
