// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from '../agent-client-error.ts';
import type { FrameReader, OutputPort } from './output-port.ts';
import type { OutputQueue } from './output-queue.ts';

/** Bytes of one output that the agent is granted when it uses the port: what is on its way while credit is given back. */
const portWindowBytes = 8 * 1024 * 1024;

/**
 * One output that may leave its stream for a port. The two are not in step: what arrives over the port first waits here until
 * the stream has said that everything before it has come.
 */
export class PortOutput implements FrameReader {
  readonly #queue: OutputQueue;
  #joined: { readonly port: OutputPort; readonly number: number } | undefined;
  #early: Uint8Array[] | undefined = [];
  #takenBytes = 0n;
  #endBytes: bigint | undefined;
  #failure: AgentClientError | undefined;

  /** @param queue - where the output goes */
  constructor(queue: OutputQueue) {
    this.#queue = queue;
  }

  /** Takes frames from now on. Answers with its number in them. */
  join(port: OutputPort): number {
    this.#joined ??= { port, number: port.add(this) };
    return this.#joined.number;
  }

  /** The stream is over. Fails unless bytes that are announced are still on their way over the port. */
  streamEnded(error: unknown, { hasExited }: { readonly hasExited: boolean }): void {
    if (!hasExited || this.#endBytes === undefined) this.#finish({ error });
  }

  take(piece: Uint8Array): void {
    this.#queue.spend(piece.length);
    this.#takenBytes += BigInt(piece.length);
    if (this.#early === undefined) this.#queue.push(piece);
    else this.#early.push(piece);
    this.#finishAtEnd();
  }

  fail(error: AgentClientError): void {
    this.#failure = error;
    // An output that comes over its stream does not mind.
    if (this.#early === undefined) this.#finish({ error });
  }

  /** The stream has carried all that it will carry of this output. Only the first call does something. */
  use(): void {
    const early = this.#early;
    if (early === undefined) return;
    this.#early = undefined;
    this.#queue.widen(portWindowBytes);
    for (const piece of early) this.#queue.push(piece);
  }

  /** The output ends when so many bytes have come over the port. Throws when there were more. */
  end(bytes: bigint): void {
    this.#endBytes = bytes;
    this.#finishAtEnd();
  }

  #finishAtEnd(): void {
    if (this.#endBytes === undefined) return;
    if (this.#takenBytes > this.#endBytes)
      throw new AgentClientError('protocol_violation', 'agent has sent output behind its end');
    if (this.#takenBytes === this.#endBytes) this.#finish();
    else if (this.#failure !== undefined) this.#finish({ error: this.#failure });
  }

  #finish(end: { readonly error?: unknown } = {}): void {
    this.#joined?.port.remove(this.#joined.number);
    this.#queue.finish(end);
  }
}
