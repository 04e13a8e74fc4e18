// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { Output } from '@hako/protocols/process-io';
import { frameHeaderBytes } from '../../output-port/output-port.ts';
import type { OutputName } from '../../process/guest-process.ts';
import type { AttachedProcess } from './attached-process.ts';
import type { ByteCredit } from './byte-credit.ts';
import type { OpenRoad } from './port-road.ts';
import { readPiece } from './read-piece.ts';

/** How far a process may run ahead: the most that a pipe takes by default, see `pipe-max-size` in pipe(7). */
const pipeBytes = 1024 * 1024;

/**
 * A process that goes on writing is let write for a moment before its pipe is emptied: on one processor it would otherwise get
 * a few pages out each time, each of which costs as much as a whole pipe.
 */
const patienceMs = 2;
/** So long without output, and what comes next is not kept waiting. */
const restMs = 20;

const names = { stdout: Output.OUTPUT_STDOUT, stderr: Output.OUTPUT_STDERR } as const;

/**
 * Sends one output through a port, from the present to its end, as far as credit reaches.
 *
 * @throws the signal's reason when the stream is over first; an error when the client has left the port
 */
export async function pumpThroughPort(
  attached: AttachedProcess,
  output: OutputName,
  credit: ByteCredit,
  { session, number }: OpenRoad,
): Promise<void> {
  const { outbox, process, call } = attached;
  const signal = AbortSignal.any([call.signal, session.lost]);
  await outbox.send({ $case: 'portUsed', value: names[output] });
  process.widen(output, pipeBytes);
  const frame = new Uint8Array(frameHeaderBytes + pipeBytes);
  const room = frame.subarray(frameHeaderBytes);
  let sentBytes = 0n;
  let lastMs = 0;
  for (;;) {
    const limit = Math.min(await credit.some(signal), room.length);
    const bytes = await readPiece(attached, output, limit, { signal, into: room });
    if (bytes.length === 0) break;
    credit.take(bytes.length);
    await session.send(number, frame.subarray(0, frameHeaderBytes + bytes.length));
    sentBytes += BigInt(bytes.length);
    const nowMs = performance.now();
    if (nowMs - lastMs < restMs) await delay(patienceMs, undefined, { signal });
    lastMs = nowMs;
  }
  await outbox.send({ $case: 'portEnd', value: { output: names[output], bytes: sentBytes } });
}
