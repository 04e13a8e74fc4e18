// SPDX-License-Identifier: Apache-2.0
import type { MethodDescriptor } from 'nice-grpc-common';

/** A message type as ts-proto generates it. */
export interface MessageType<Message> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the writer's class belongs to the library the generated code was made for
  encode(message: Message, writer?: any): { finish(): Uint8Array };
  decode(input: Uint8Array): Message;
  fromPartial(object: DeepPartial<Message>): Message;
}

/** One method of a generic definition. */
export interface MethodDefinition<Request = unknown, Response = unknown> {
  /** Bare name on the wire, for example `CreateContainer`. */
  readonly name: string;
  readonly requestType: MessageType<Request>;
  readonly requestStream: boolean;
  readonly responseType: MessageType<Response>;
  readonly responseStream: boolean;
  readonly options: MethodDescriptor['options'];
}

/** A service as ts-proto generates it with `outputServices=generic-definitions`; nice-grpc takes the same object. */
export interface TtrpcServiceDefinition {
  /** Full dotted name on the wire, for example `grpc.AgentService`. */
  readonly fullName: string;
  /** The methods by the name they have in TypeScript. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- message types are contravariant in `encode` and covariant in `decode`; only `any` admits each definition
  readonly methods: Readonly<Record<string, MethodDefinition<any, any>>>;
}

/** The request message of a method. */
export type RequestOf<Method> = Method extends { requestType: { decode(input: Uint8Array): infer M } }
  ? M
  : never;
/** The response message of a method. */
export type ResponseOf<Method> = Method extends { responseType: { decode(input: Uint8Array): infer M } }
  ? M
  : never;

type Builtin = Date | Uint8Array | string | number | boolean | undefined | ((...args: never) => unknown);

/**
 * Every field optional at every depth: what `fromPartial` takes, hence clients' requests and servers' replies. Where
 * ts-proto has `bigint` (`forceLong=bigint`), its `fromPartial` takes numbers and decimal text as well.
 */
export type DeepPartial<T> = T extends bigint
  ? string | number | bigint
  : T extends Builtin
    ? T
    : T extends (infer U)[]
      ? DeepPartial<U>[]
      : T extends readonly (infer U)[]
        ? readonly DeepPartial<U>[]
        : T extends { $case: string }
          ? { [K in keyof Omit<T, '$case'>]?: DeepPartial<T[K]> } & { $case: T['$case'] }
          : T extends object
            ? { [K in keyof T]?: DeepPartial<T[K]> }
            : Partial<T>;

/** What middleware is told about a method. */
export function describeMethod(
  definition: TtrpcServiceDefinition,
  method: MethodDefinition,
): MethodDescriptor {
  return {
    path: `/${definition.fullName}/${method.name}`,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    options: method.options,
  };
}
