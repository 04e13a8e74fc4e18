// SPDX-License-Identifier: Apache-2.0
import { findPort, openPort } from '@hako/linux';
import { listen, parseAddress, type Server } from '@hako/ttrpc';
import type { Logger } from '../logging/logger.ts';
import { serveSerial } from './serve-serial.ts';
import { listenOnVsock } from './vsock-listener.ts';

/**
 * Lets clients in at an address: `vsock://CID:PORT` (CID −1 = any), `unix://PATH`, `unix://@NAME`, `tcp://IP:PORT`, or
 * `serial://NAME` for a virtio-serial port. For a port it does not wait until it is there.
 *
 * @param signal - stops looking for the port; listeners are closed by the server
 * @throws TtrpcError `invalid_address`, `listen_failed`; LinuxError
 */
export async function openDoor(
  server: Server,
  address: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const place = parseAddress(address);
  if (place.scheme === 'serial') {
    const serving = serveSerial({ server, ports: { findPort, openPort }, logger }, place.path, signal);
    serving.catch((error: unknown) => logger.error({ error }, 'port is not served any more'));
    return;
  }
  server.listen(await listen(place, { listeners: { vsock: listenOnVsock } }));
}
