// SPDX-License-Identifier: Apache-2.0
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { CallContext, CallOptions } from 'nice-grpc-common';

/** The one message of the echo service, in the shape ts-proto gives to messages. */
export interface EchoMessage {
  /** Field 1. */
  text: string;
  /** Field 2. */
  body: Uint8Array;
  /** Field 3: how many messages a stream should have, or how long a handler should wait, in milliseconds. */
  count: number;
}

/** What `fromPartial` takes, spelled as in generated code. */
type PartialEcho = { [K in keyof EchoMessage]?: EchoMessage[K] };

/** Encoder and decoder of {@link EchoMessage}. */
export const EchoMessage = {
  encode(message: EchoMessage, writer: BinaryWriter = new BinaryWriter()): BinaryWriter {
    if (message.text !== '') writer.uint32(10).string(message.text);
    if (message.body.length !== 0) writer.uint32(18).bytes(message.body);
    if (message.count !== 0) writer.uint32(24).uint32(message.count);
    return writer;
  },
  decode(input: BinaryReader | Uint8Array, length?: number): EchoMessage {
    const reader = input instanceof BinaryReader ? input : new BinaryReader(input);
    const end = length === undefined ? reader.len : reader.pos + length;
    const message: EchoMessage = { text: '', body: new Uint8Array(0), count: 0 };
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 10) message.text = reader.string();
      else if (tag === 18) message.body = reader.bytes();
      else if (tag === 24) message.count = reader.uint32();
      else skipField(reader, tag);
    }
    return message;
  },
  fromPartial(object: PartialEcho): EchoMessage {
    return { text: object.text ?? '', body: object.body ?? new Uint8Array(0), count: object.count ?? 0 };
  },
};

/** A service with a method of each shape, as ts-proto writes generic definitions. */
export const EchoDefinition = {
  name: 'Echo',
  fullName: 'hako.test.Echo',
  methods: {
    /** Returns its request. */
    unary: {
      name: 'Unary',
      requestType: EchoMessage,
      requestStream: false,
      responseType: EchoMessage,
      responseStream: false,
      options: { idempotencyLevel: 'IDEMPOTENT' },
    },
    /** Answers `count` messages. */
    serverStream: {
      name: 'ServerStream',
      requestType: EchoMessage,
      requestStream: false,
      responseType: EchoMessage,
      responseStream: true,
      options: {},
    },
    /** Answers all texts joined, and how many there were. */
    clientStream: {
      name: 'ClientStream',
      requestType: EchoMessage,
      requestStream: true,
      responseType: EchoMessage,
      responseStream: false,
      options: {},
    },
    /** Answers each message as it comes. */
    bidiStream: {
      name: 'BidiStream',
      requestType: EchoMessage,
      requestStream: true,
      responseType: EchoMessage,
      responseStream: true,
      options: {},
    },
  },
} as const;

/** The implementation interface as ts-proto generates it with `outputServices=nice-grpc`. */
export interface EchoServiceImplementation<CallContextExt = object> {
  unary(request: EchoMessage, context: CallContext & CallContextExt): Promise<PartialEcho>;
  serverStream(request: EchoMessage, context: CallContext & CallContextExt): EchoStreamResult;
  clientStream(
    request: AsyncIterable<EchoMessage>,
    context: CallContext & CallContextExt,
  ): Promise<PartialEcho>;
  bidiStream(request: AsyncIterable<EchoMessage>, context: CallContext & CallContextExt): EchoStreamResult;
}

/** The client interface as ts-proto generates it with `outputServices=nice-grpc`. */
export interface EchoClient<CallOptionsExt = object> {
  unary(request: PartialEcho, options?: CallOptions & CallOptionsExt): Promise<EchoMessage>;
  serverStream(request: PartialEcho, options?: CallOptions & CallOptionsExt): AsyncIterable<EchoMessage>;
  clientStream(
    request: AsyncIterable<PartialEcho>,
    options?: CallOptions & CallOptionsExt,
  ): Promise<EchoMessage>;
  bidiStream(
    request: AsyncIterable<PartialEcho>,
    options?: CallOptions & CallOptionsExt,
  ): AsyncIterable<EchoMessage>;
}

/** What a streaming method returns, as ts-proto names it `ServerStreamingMethodResult`. */
export interface EchoStreamResult {
  [Symbol.asyncIterator](): AsyncIterator<PartialEcho, void>;
}

/** The plain implementation. */
export const echoService: EchoServiceImplementation = {
  unary: (request) => Promise.resolve(request),
  async *serverStream(request) {
    for (let index = 0; index < request.count; index++) {
      yield await Promise.resolve({ text: `${request.text}${index}`, body: request.body, count: index });
    }
  },
  async clientStream(requests) {
    const texts: string[] = [];
    for await (const request of requests) texts.push(request.text);
    return { text: texts.join(','), count: texts.length };
  },
  async *bidiStream(requests) {
    for await (const request of requests) yield request;
  },
};

function skipField(reader: BinaryReader, tag: number): void {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the low three bits of a tag are the wire type
  reader.skip(tag & 7);
}
