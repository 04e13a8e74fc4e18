// SPDX-License-Identifier: Apache-2.0
import type { MethodDefinition, TtrpcServiceDefinition } from '../definition/service-definition.ts';

/** One message of a recording. */
export interface RecordedMessage {
  /** As it was sent. */
  readonly encoded: Uint8Array;
  /** As protobuf JSON; absent when its type is not known or the bytes do not decode. */
  readonly json?: unknown;
  /** Why the bytes do not decode. */
  readonly problem?: string;
}

/** Turns messages into JSON by the definitions of the services they belong to. */
export class MessageCodec {
  readonly #methods = new Map<string, MethodDefinition>();

  /** @param definitions - services whose messages can be decoded; those of others stay bytes. */
  constructor(definitions: readonly TtrpcServiceDefinition[]) {
    for (const { fullName, methods } of definitions) {
      for (const method of Object.values<MethodDefinition>(methods)) {
        this.#methods.set(`${fullName}/${method.name}`, method);
      }
    }
  }

  /** The definition of the method `service/method`. */
  find(path: string): MethodDefinition | undefined {
    return this.#methods.get(path);
  }

  /** Decodes a request message of the method `service/method`. */
  request(path: string, encoded: Uint8Array): RecordedMessage {
    return decode(this.find(path)?.requestType, encoded);
  }

  /** Decodes a response message of the method `service/method`. */
  response(path: string, encoded: Uint8Array): RecordedMessage {
    return decode(this.find(path)?.responseType, encoded);
  }
}

function decode(type: MethodDefinition['requestType'] | undefined, encoded: Uint8Array): RecordedMessage {
  if (type === undefined || !hasToJson(type)) return { encoded };
  try {
    return { encoded, json: type.toJSON(type.decode(encoded)) };
  } catch (error) {
    return { encoded, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Types that ts-proto generated have this unless it was told otherwise (`outputJsonMethods`). */
function hasToJson(type: object): type is { toJSON(message: unknown): unknown } {
  return 'toJSON' in type && typeof type.toJSON === 'function';
}
