// SPDX-License-Identifier: Apache-2.0
import { Client, credentials } from '@grpc/grpc-js';
import type { InteropClient, LoadSpec, Outcome } from '@hako/interop';
import { runLoadWith } from '@hako/interop';
import { downloadMethod, echoMethod } from './grpc-methods.ts';

let connected: Client | undefined;

/** Does a load; all loads share one connection, as those of the other peers do. */
export function grpcLoad(socketPath: string, load: LoadSpec): Promise<Omit<Outcome, 'id'>> {
  connected ??= new Client(`unix:${socketPath}`, credentials.createInsecure());
  return runLoadWith(loadClient(connected), load);
}

function loadClient(client: Client): Pick<InteropClient, 'echo' | 'download'> {
  return {
    echo: ({ data = new Uint8Array(0), text = '' }) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          echoMethod.path,
          echoMethod.requestSerialize,
          echoMethod.responseDeserialize,
          { data, text },
          (error, reply) => {
            if (reply === undefined) reject(error ?? new Error('neither reply nor error'));
            else resolve(reply);
          },
        );
      }),
    download: ({ messages = 0, size = 0 }) =>
      client.makeServerStreamRequest(
        downloadMethod.path,
        downloadMethod.requestSerialize,
        downloadMethod.responseDeserialize,
        {
          messages,
          size,
        },
      ),
  };
}
