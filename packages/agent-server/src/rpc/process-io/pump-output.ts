// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../../errors/agent-error.ts';
import type { OutputName } from '../../process/guest-process.ts';
import type { Answer, AttachedProcess } from './attached-process.ts';
import type { ByteCredit } from './byte-credit.ts';

/** The longest piece of output in one message: what a Linux pipe holds by default, see pipe(7). */
const pieceBytes = 64 * 1024;

const nothing = new Uint8Array(0);

const messages: Readonly<
  Record<OutputName, { piece: (value: Uint8Array) => Answer; end: Answer; call: 'readStdout' | 'readStderr' }>
> = {
  stdout: {
    piece: (value) => ({ $case: 'stdout', value }),
    end: { $case: 'stdoutEnd', value: {} },
    call: 'readStdout',
  },
  stderr: {
    piece: (value) => ({ $case: 'stderr', value }),
    end: { $case: 'stderrEnd', value: {} },
    call: 'readStderr',
  },
};

/**
 * Sends one output from the present to its end, as far as credit reaches. As with ReadStdout, what the gate refuses is read
 * and thrown away, and looks like the end.
 *
 * @throws the signal's reason when the stream is over first; what was not read then stays for others
 */
export async function pumpOutput(
  attached: AttachedProcess,
  output: OutputName,
  credit: ByteCredit,
): Promise<void> {
  const { outbox, call } = attached;
  const { piece, end } = messages[output];
  for (;;) {
    const bytes = await readPiece(attached, output, await credit.some(call.signal));
    if (bytes.length === 0) break;
    credit.take(bytes.length);
    await outbox.send(piece(bytes));
  }
  await outbox.send(end);
}

async function readPiece(
  { process, gate, name, call }: AttachedProcess,
  output: OutputName,
  credit: number,
): Promise<Uint8Array> {
  const len = Math.min(credit, pieceBytes);
  let bytes: Uint8Array;
  try {
    bytes = await process.read(output, len, call.signal);
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof AgentError && error.code === 'stream_closed') return nothing;
    throw error;
  }
  try {
    await gate({ method: messages[output].call, request: { ...name, len } });
  } catch {
    return nothing;
  }
  return bytes;
}
