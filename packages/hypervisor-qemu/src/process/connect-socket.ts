// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HypervisorError } from '@hako/hypervisor';

/** How soon a socket is tried again that QEMU has not made yet. */
const pollIntervalMs = 5;

/**
 * Connects to a socket of QEMU.
 *
 * @throws HypervisorError `monitor_failed` if nobody listens | the signal's reason
 */
export async function connectSocket(path: string, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect(path);
  try {
    await once(socket, 'connect', { signal });
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw new HypervisorError('monitor_failed', `socket ${path} does not answer`, { operand: path, cause });
  }
  // The death of QEMU is reported by the VM; as a stream error without listener it would end the whole program.
  socket.on('error', () => undefined);
  return socket;
}

/** As {@link connectSocket}, waiting until there is somebody who listens. @throws the signal's reason */
export async function connectWhenListening(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    try {
      return await connectSocket(path, signal);
    } catch {
      // Nobody listens yet, or it is not waited for any more.
      signal.throwIfAborted();
    }
    await delay(pollIntervalMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
