// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { addAbortSignal, type Duplex } from 'node:stream';
import type { OutputStream } from '../process/output-stream.ts';
import type { ByteSink } from '../process/process-io.ts';

/** What a Linux pipe holds by default, see pipe(7). */
const pieceBytes = 64 * 1024;

/**
 * Copies what comes over a connection into a process, as fast as the process reads it.
 *
 * @param endsInput - whether the end of the connection is the end of input; for a terminal it is not
 * @param signal - ends both
 */
export async function carryInput(
  connection: Duplex,
  stdin: ByteSink,
  endsInput: boolean,
  signal: AbortSignal,
): Promise<void> {
  addAbortSignal(signal, connection);
  try {
    for await (const chunk of connection) await stdin.write(asBytes(chunk), { signal });
  } catch {
    // The process reads no more, or the host is gone: both end the input.
  } finally {
    connection.destroy();
    if (endsInput) stdin.close();
  }
}

/**
 * Copies an output to a connection, as fast as the host takes it, and ends the connection with the output. When the host
 * is gone the process is told as by a closed pipe.
 */
export async function carryOutput(output: OutputStream, connection: Duplex): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  connection.once('close', leave);
  // Nothing comes this way; without a reader the end of the connection would not be seen.
  connection.resume();
  try {
    for (;;) {
      const bytes = await output.read(pieceBytes, gone.signal);
      if (bytes.length === 0) break;
      if (!connection.write(bytes)) await once(connection, 'drain', { signal: gone.signal });
    }
    connection.end();
    if (!connection.closed) await once(connection, 'finish', { signal: gone.signal });
  } catch {
    // The host is gone.
    output.close();
    connection.destroy();
  } finally {
    connection.off('close', leave);
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a connection carries bytes');
}
