// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { handleUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { DownloadRequest, EchoReply, EchoRequest, Payload } from '@hako/interop';
import { downloadMethod, echoMethod } from './grpc-methods.ts';

const echo: handleUnaryCall<EchoRequest, EchoReply> = ({ request: { data, text } }, reply) => {
  reply(null, { data, text, metadata: [], hasDeadline: false });
};

async function sendAll(call: ServerWritableStream<DownloadRequest, Payload>): Promise<void> {
  const data = new Uint8Array(call.request.size);
  for (let left = call.request.messages; left > 0; left--) {
    if (!call.write({ data })) await once(call, 'drain');
  }
  call.end();
}

/** Serves the loads on a unix socket. */
export async function grpcServer(socketPath: string): Promise<AsyncDisposable> {
  const server = new Server();
  server.addService(
    { echo: echoMethod, download: downloadMethod },
    { echo, download: (call: ServerWritableStream<DownloadRequest, Payload>) => void sendAll(call) },
  );
  await promisify(server.bindAsync.bind(server))(`unix:${socketPath}`, ServerCredentials.createInsecure());
  return {
    [Symbol.asyncDispose]() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
