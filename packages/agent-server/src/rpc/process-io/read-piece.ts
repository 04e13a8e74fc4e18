// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../../errors/agent-error.ts';
import type { OutputName } from '../../process/guest-process.ts';
import type { AttachedProcess } from './attached-process.ts';

const nothing = new Uint8Array(0);

const calls = { stdout: 'readStdout', stderr: 'readStderr' } as const;

/**
 * Reads a piece of output, empty at its end. As with ReadStdout, what the gate refuses is read and thrown away, and looks
 * like the end.
 *
 * @param options - the signal ends the wait with its reason, and takes nothing; `into` is memory to read into
 */
export async function readPiece(
  { process, gate, name }: AttachedProcess,
  output: OutputName,
  len: number,
  { signal, into }: { readonly signal: AbortSignal; readonly into?: Uint8Array },
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes =
      (into && process.readNow(output, into.subarray(0, len))) ??
      (await process.read(output, len, signal, into));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AgentError && error.code === 'stream_closed') return nothing;
    throw error;
  }
  try {
    await gate({ method: calls[output], request: { ...name, len } });
  } catch {
    return nothing;
  }
  return bytes;
}
