// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '@hako/ttrpc';
import type { Logger } from '../logging/logger.ts';

/** Pauses between two attempts to find or open the port. */
const firstPauseMs = 2;
const maxPauseMs = 250;

/** Where a named port is, and how it is opened. */
export interface PortOpener {
  /** The device of a named port, or undefined while there is none. */
  findPort(name: string): string | undefined;
  openPort(path: string): Duplex;
}

/**
 * Serves a virtio-serial port, which carries one connection at a time. When the host disconnects, the port is opened again
 * for the next one.
 *
 * @param place - name of the port, or its device below `/dev`
 * @param signal - ends the serving
 */
export async function serveSerial(
  components: { readonly server: Pick<Server, 'serve'>; readonly ports: PortOpener; readonly logger: Logger },
  place: string,
  signal: AbortSignal,
): Promise<void> {
  const { server, ports, logger } = components;
  let pauseMs = firstPauseMs;
  let lastProblem = '';
  while (!signal.aborted) {
    try {
      const path = place.startsWith('/') ? place : ports.findPort(place);
      if (path !== undefined) {
        const connection = server.serve(ports.openPort(path), { peer: `serial://${place}` });
        pauseMs = firstPauseMs;
        await connection.closed;
      }
    } catch (error) {
      // The same failure again and again is said once.
      const problem = String(error);
      if (problem !== lastProblem) logger.warn({ error, port: place }, 'port cannot be opened');
      lastProblem = problem;
    }
    try {
      await delay(pauseMs, undefined, { signal });
    } catch {
      return;
    }
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
  }
}
