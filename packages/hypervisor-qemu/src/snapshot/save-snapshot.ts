// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { copyMemory, openGuestMemory } from './guest-memory.ts';
import { migrate } from './migration.ts';
import { snapshotFiles, writeIndex } from './snapshot-files.ts';

/** What {@link saveSnapshot} saves, and where to. */
export interface SaveRequest {
  readonly monitor: QmpClient;
  readonly qemuPid: number;
  /** Must not exist. On failure nothing of it is left. */
  readonly directory: string;
  /** Of a socket that exists for a moment; short enough for a unix address. */
  readonly socketPath: string;
}

/**
 * Writes a machine that stands still into a directory: its memory by copying, all else through QEMU's migration stream.
 * Afterwards the machine can go on.
 *
 * @throws HypervisorError `monitor_failed` | `unsupported` | the signal's reason; the system error of a full disk
 */
export async function saveSnapshot(request: SaveRequest, signal: AbortSignal): Promise<void> {
  const { qemuPid, directory } = request;
  const files = snapshotFiles(directory);
  await mkdir(directory, { mode: 0o700 });
  try {
    await saveState(request, files.state, signal);
    await using guest = await openGuestMemory(qemuPid);
    await using copy = await open(files.memory, 'wx', 0o600);
    const { size: memoryBytes } = await guest.stat();
    const extents = await copyMemory(guest, copy, memoryBytes, signal);
    await writeIndex(files, { memoryBytes, extents });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** QEMU may start no process and gets no descriptor from us later on, so it writes to a socket. */
async function saveState(
  { monitor, socketPath }: SaveRequest,
  statePath: string,
  signal: AbortSignal,
): Promise<void> {
  await using server = await listenAt(socketPath);
  const written = once(server.listener, 'connection', { signal }).then(
    async ([socket]: readonly Socket[]) => {
      if (socket !== undefined)
        await pipeline(socket, createWriteStream(statePath, { mode: 0o600 }), { signal });
    },
  );
  written.catch(() => undefined);
  await migrate(monitor, 'migrate', `unix:${socketPath}`, signal);
  await written;
}

async function listenAt(path: string): Promise<AsyncDisposable & { readonly listener: Server }> {
  const listener = createServer();
  listener.listen(path);
  await once(listener, 'listening');
  return {
    listener,
    async [Symbol.asyncDispose]() {
      listener.close();
      await rm(path, { force: true });
    },
  };
}
