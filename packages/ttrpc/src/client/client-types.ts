// SPDX-License-Identifier: Apache-2.0
import type { CallOptions } from 'nice-grpc-common';
import type {
  DeepPartial,
  RequestOf,
  ResponseOf,
  TtrpcServiceDefinition,
} from '../definition/service-definition.ts';
import type { TtrpcCallOptions } from './call-options.ts';

/** What a call may be told, middleware's options included. */
type Options<Ext> = CallOptions & TtrpcCallOptions & Ext;

/** One method as a client offers it. */
export type ClientMethod<Method, Ext> = Method extends {
  requestStream: infer Many;
  responseStream: infer Stream;
}
  ? Many extends true
    ? Stream extends true
      ? (
          request: AsyncIterable<DeepPartial<RequestOf<Method>>>,
          options?: Options<Ext>,
        ) => AsyncIterable<ResponseOf<Method>>
      : (
          request: AsyncIterable<DeepPartial<RequestOf<Method>>>,
          options?: Options<Ext>,
        ) => Promise<ResponseOf<Method>>
    : Stream extends true
      ? (request: DeepPartial<RequestOf<Method>>, options?: Options<Ext>) => AsyncIterable<ResponseOf<Method>>
      : (request: DeepPartial<RequestOf<Method>>, options?: Options<Ext>) => Promise<ResponseOf<Method>>
  : never;

/** A client of a service: nice-grpc's shape, assignable to the client types that ts-proto generates. */
export type Client<Definition extends TtrpcServiceDefinition, Ext = unknown> = {
  [Name in keyof Definition['methods']]: ClientMethod<Definition['methods'][Name], Ext>;
};

/** Options that calls start from, for all methods (`*`) or by method; a call's own options go before them. */
export type DefaultCallOptions<Definition extends TtrpcServiceDefinition, Ext = unknown> = {
  [Name in keyof Definition['methods'] | '*']?: CallOptions & TtrpcCallOptions & Partial<Ext>;
};
