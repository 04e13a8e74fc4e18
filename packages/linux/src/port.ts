// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync, readdirSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { duplicateFd } from './fd-control.ts';
import { createFdReader } from './fd-reader.ts';
import { createFdStream } from './fd-stream.ts';
import { createFdWriter } from './fd-writer.ts';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/** What {@link openPort} takes. */
export interface OpenPortOptions {
  /**
   * A virtio-serial port whose host side nobody has connected to yet reads as ended. `true` (the default) waits for
   * the first connection instead; any later end is an end.
   */
  readonly waitForPeer?: boolean;
  /** Told once, when the host side is connected. The stream has to be read for it to be noticed. */
  readonly onPeer?: () => void;
}

/** The driver has no event for a host that connects: the port is looked at this often until one has. */
const peerPollMs = 10;
const pollHangUp = 0x10; // POLLHUP

/**
 * Opens a character device, such as a virtio-serial port, as a stream. The stream ends when the host disconnects;
 * reopening it is the caller's affair. The device has no half-close: ending the stream only ends its writing.
 * Destroying it closes the device at once.
 *
 * @throws the system error of Node, such as `EBUSY` when another process holds the port, or `ENOENT`.
 */
export function openPort(
  path: string,
  { waitForPeer = true, onPeer = () => undefined }: OpenPortOptions = {},
  libc: Libc = systemLibc(),
): Duplex {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  let writerFd: number | undefined;
  try {
    writerFd = duplicateFd(fd, libc);
    let connected = !waitForPeer;
    if (!isHungUp(fd, libc)) {
      connected = true;
      queueMicrotask(onPeer);
    }
    const reader = createFdReader(fd, libc);
    return createFdStream({
      reader,
      writer: createFdWriter(writerFd, libc),
      finish: () => undefined,
      async retryAtEnd(signal) {
        if (connected) return false;
        while (!signal.aborted && isHungUp(fd, libc)) await delay(peerPollMs, undefined, { signal });
        connected = true;
        onPeer();
        return true;
      },
    });
  } catch (error) {
    closeSync(fd);
    if (writerFd !== undefined) closeSync(writerFd);
    throw error;
  }
}

function isHungUp(fd: number, libc: Libc): boolean {
  const request = new Uint8Array(8); // struct pollfd with no events asked for
  const view = new DataView(request.buffer);
  view.setInt32(0, fd, true);
  invoke(libc, `fd ${fd}`, 'poll', request, 1, 0);
  return (view.getInt16(6, true) & pollHangUp) !== 0;
}

/** Where {@link findPort} looks. */
export interface FindPortOptions {
  /** Default `/sys/class/virtio-ports`. */
  readonly sysfs?: string;
  /** Default `/dev`. */
  readonly devfs?: string;
}

/**
 * Finds the device of a named virtio-serial port; its number depends on the order of the machine's devices.
 *
 * @returns such as `/dev/vport2p1`, or `undefined` when there is no port of that name (yet).
 */
export function findPort(
  name: string,
  { sysfs = '/sys/class/virtio-ports', devfs = '/dev' }: FindPortOptions = {},
): string | undefined {
  const device = entriesOf(sysfs).find((entry) => contentOf(join(sysfs, entry, 'name')) === name);
  return device === undefined ? undefined : join(devfs, device);
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // no virtio-serial driver yet: no ports
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return undefined; // an unnamed port
  }
}
