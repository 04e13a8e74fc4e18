// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline';
import { createServer, listen, parseAddress } from '@hako/ttrpc';
import { InteropDefinition } from '../generated/hako/interop/v1/interop.ts';
import { createInteropService } from './service.ts';
import { Watches } from './watches.ts';

/** Answers calls until standard input ends; prints "ready" once it listens and "stopped" after a graceful shutdown. */
export async function serve(socketPath: string): Promise<void> {
  const watches = new Watches();
  await using server = createServer();
  server.add(InteropDefinition, createInteropService(watches));
  server.listen(await listen(parseAddress(`unix://${socketPath}`)));
  console.log('ready');

  for await (const line of createInterface({ input: process.stdin })) {
    const [command = '', operand = ''] = line.split(' ');
    switch (command) {
      case 'release':
        watches.of(operand).release();
        break;
      case 'shutdown':
        void server.shutdown().then(() => console.log('stopped'));
        break;
      default:
        throw new Error(`unknown command ${command}`);
    }
  }
}
