// SPDX-License-Identifier: Apache-2.0
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

import { describeError, SandboxError } from '../sandbox-error.ts';
import type { PublishedPort } from './network-options.ts';

/**
 * Tries each port of the host for a moment, so that one that is taken is found before anything is created. Error:
 * `port_in_use`.
 * @param ports checked ports
 */
export async function expectFreePorts(ports: readonly Required<PublishedPort>[]): Promise<void> {
  for (const port of ports) {
    try {
      await (port.protocol === 'tcp' ? listenOnce(port) : bindOnce(port));
    } catch (cause) {
      const { hostAddress, hostPort, protocol } = port;
      throw new SandboxError(
        'port_in_use',
        `port ${hostAddress}:${hostPort}/${protocol} cannot be published: ${describeError(cause)}`,
        { cause, remedy: 'choose another port of the host' },
      );
    }
  }
}

async function listenOnce({ hostAddress, hostPort }: Required<PublishedPort>): Promise<void> {
  const server = createServer().listen({ host: hostAddress, port: hostPort, exclusive: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

async function bindOnce({ hostAddress, hostPort }: Required<PublishedPort>): Promise<void> {
  const socket = createSocket('udp4').bind({ address: hostAddress, port: hostPort, exclusive: true });
  try {
    await once(socket, 'listening');
  } finally {
    socket.close();
  }
}
