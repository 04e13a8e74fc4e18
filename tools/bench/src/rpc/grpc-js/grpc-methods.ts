// SPDX-License-Identifier: Apache-2.0
import type { MethodDefinition } from '@grpc/grpc-js';
import type { DownloadRequest, EchoReply, EchoRequest, Payload } from '@hako/interop';
import { InteropDefinition } from '@hako/interop';

/** What a generated message brings along. */
interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

interface GeneratedMethod<Request, Reply> {
  readonly name: string;
  readonly requestType: Codec<Request>;
  readonly requestStream: boolean;
  readonly responseType: Codec<Reply>;
  readonly responseStream: boolean;
}

function grpcMethod<Request, Reply>(
  method: GeneratedMethod<Request, Reply>,
): MethodDefinition<Request, Reply> {
  return {
    path: `/${InteropDefinition.fullName}/${method.name}`,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: (message) => Buffer.from(method.requestType.encode(message).finish()),
    requestDeserialize: (bytes) => method.requestType.decode(bytes),
    responseSerialize: (message) => Buffer.from(method.responseType.encode(message).finish()),
    responseDeserialize: (bytes) => method.responseType.decode(bytes),
  };
}

/** The unary method of the loads. */
export const echoMethod: MethodDefinition<EchoRequest, EchoReply> = grpcMethod(
  InteropDefinition.methods.echo,
);

/** The streaming method of the loads. */
export const downloadMethod: MethodDefinition<DownloadRequest, Payload> = grpcMethod(
  InteropDefinition.methods.download,
);
