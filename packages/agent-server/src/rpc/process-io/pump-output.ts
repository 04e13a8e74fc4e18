// SPDX-License-Identifier: Apache-2.0
import type { OutputName } from '../../process/guest-process.ts';
import type { Answer, AttachedProcess } from './attached-process.ts';
import type { ByteCredit } from './byte-credit.ts';
import { pumpThroughPort } from './pump-through-port.ts';
import { readPiece } from './read-piece.ts';

/** The longest piece of output in one message: what a Linux pipe holds by default, see pipe(7). */
const pieceBytes = 64 * 1024;

/** Who has written so much is likely to write more, for which another road is worth its while. */
const muchBytes = 256 * 1024;

const messages: Readonly<Record<OutputName, { piece: (value: Uint8Array) => Answer; end: Answer }>> = {
  stdout: {
    piece: (value) => ({ $case: 'stdout', value }),
    end: { $case: 'stdoutEnd', value: {} },
  },
  stderr: {
    piece: (value) => ({ $case: 'stderr', value }),
    end: { $case: 'stderrEnd', value: {} },
  },
};

/**
 * Sends one output from the present to its end, as far as credit reaches: by messages, and when it is much, through a port
 * that the client has offered.
 *
 * @throws the signal's reason when the stream is over first; what was not read then stays for others
 */
export async function pumpOutput(
  attached: AttachedProcess,
  output: OutputName,
  credit: ByteCredit,
): Promise<void> {
  const { outbox, port, process, call } = attached;
  const { piece, end } = messages[output];
  let sentBytes = 0;
  for (;;) {
    const len = Math.min(await credit.some(call.signal), pieceBytes);
    const bytes = await readPiece(attached, output, len, call);
    if (bytes.length === 0) break;
    credit.take(bytes.length);
    await outbox.send(piece(bytes));
    sentBytes += bytes.length;
    if (sentBytes < muchBytes || process.hasTerminal) continue;
    if (port.shallBeAskedFor()) await outbox.send({ $case: 'portWanted', value: {} });
    const road = port.open(output);
    if (road === undefined) continue;
    await pumpThroughPort(attached, output, credit, road);
    return;
  }
  await outbox.send(end);
}
