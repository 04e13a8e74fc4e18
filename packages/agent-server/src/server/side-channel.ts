// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { findPort, listenVsock, openPort } from '@hako/linux';
import type { Logger } from '../logging/logger.ts';

/** How connections beside the RPC server are let in. */
export interface SideChannelDoors {
  /** The device of a named virtio-serial port, or undefined when there is none. */
  findPort(name: string): string | undefined;
  /** Opens a port and tells when the host is connected to it. */
  openPort(path: string, options: { readonly onPeer: () => void }): Duplex;
  /** Listens on a vsock port. */
  listenVsock(options: { readonly port: number; readonly onConnection: (stream: Duplex) => void }): {
    close(): Promise<void>;
  };
}

/** The doors of a real guest. */
export const linuxDoors: SideChannelDoors = { findPort, openPort, listenVsock };

/** Where a side channel is, and what is done with its connections. */
export interface SideChannelOptions {
  /** Number on vsock. */
  readonly vsockPort: number;
  /** Name of the virtio-serial port that is used instead when the machine has it: it may have no vsock. */
  readonly portName: string;
  /** Gets each connection when its peer is there. It destroys the stream when it is done. */
  readonly onConnection: (stream: Duplex) => void;
  readonly logger: Logger;
  /** Closes the channel, and connections of the port. */
  readonly signal: AbortSignal;
}

/** Pause before a port is opened again. */
const firstPauseMs = 10;
const maxPauseMs = 1_000;

/** Opens the port for one connection after the other. */
async function servePort(path: string, doors: SideChannelDoors, options: SideChannelOptions): Promise<void> {
  const { onConnection, logger, signal, portName } = options;
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    try {
      const closed = Promise.withResolvers<undefined>();
      const seen = { peer: false };
      const stream = doors.openPort(path, {
        onPeer() {
          seen.peer = true;
          onConnection(stream);
        },
      });
      const destroy = () => void stream.destroy();
      signal.addEventListener('abort', destroy, { once: true });
      stream.on('error', () => undefined).once('end', destroy);
      stream.once('close', () => {
        signal.removeEventListener('abort', destroy);
        closed.resolve(undefined);
      });
      // Only a reader notices that the host is there.
      stream.read(0);
      await closed.promise;
      pauseMs = seen.peer ? firstPauseMs : Math.min(pauseMs * 2, maxPauseMs);
    } catch (error) {
      if (pauseMs === firstPauseMs) logger.warn({ error, port: portName }, 'port cannot be opened');
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Lets connections in beside the RPC server: over the named virtio-serial port when there is one, one at a time; else over
 * vsock.
 *
 * @returns the address at which it can be reached
 * @throws LinuxError when there is no vsock here or its port is taken
 */
export function openSideChannel(options: SideChannelOptions, doors: SideChannelDoors = linuxDoors): string {
  const { vsockPort, portName, onConnection, signal } = options;
  const path = doors.findPort(portName);
  if (path !== undefined) {
    void servePort(path, doors, options);
    return `serial://${portName}`;
  }
  const listener = doors.listenVsock({ port: vsockPort, onConnection });
  signal.addEventListener('abort', () => void listener.close(), { once: true });
  return `vsock://-1:${vsockPort.toString()}`;
}
