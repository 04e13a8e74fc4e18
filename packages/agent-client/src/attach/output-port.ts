// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { AgentClientError } from '../agent-client-error.ts';
import { FrameSplitter } from './frame-splitter.ts';

const tokenBytes = 16;

/** Where the frames of one output go. */
export interface FrameReader {
  /** Takes a piece of a frame. Throws AgentClientError `protocol_violation` when it is more than the agent may send. */
  take(piece: Uint8Array): void;
  /** The port has failed: nothing more comes. */
  fail(error: AgentClientError): void;
}

/** A port that output may come over. */
export interface OutputPortAccess {
  /** Its name in the guest. */
  readonly name: string;
  /** Connects to its other end. The port carries one connection; another one may be left waiting. */
  open(signal: AbortSignal): Promise<Duplex>;
}

/**
 * The client's end of a port over which the agent sends frames of output. Connected when it is first needed, and shared by
 * all processes the client is attached to. What comes before the agent has answered the token was meant for somebody else.
 *
 * It reads as fast as bytes come: its readers bound them by the credit they give. A guest that does not keep to it is cut
 * off.
 */
export class OutputPort {
  /** Its name in the guest. */
  readonly name: string;
  /** What proves to the agent that this client is at the other end. */
  readonly token: Buffer = randomBytes(tokenBytes);
  readonly #access: OutputPortAccess;
  readonly #readers = new Map<number, FrameReader>();
  readonly #abort = new AbortController();
  readonly #splitter = new FrameSplitter((output, piece) => this.#readers.get(output)?.take(piece));
  #connecting: Promise<void> | undefined;
  #stream: Duplex | undefined;
  #nextNumber = 1;
  /** What came last of the bytes before the answer; undefined after it. */
  #unanswered: Buffer | undefined = Buffer.alloc(0);

  /** @param access - how it is reached */
  constructor(access: OutputPortAccess) {
    this.name = access.name;
    this.#access = access;
  }

  /** Connects and writes the token, once for all. Rejects when that is not possible, and once the connection has ended. */
  async connect(): Promise<void> {
    this.#connecting ??= this.#connect();
    await this.#connecting;
    this.#abort.signal.throwIfAborted();
  }

  /** Registers a reader under a number that no other had or will have. */
  add(reader: FrameReader): number {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#readers.set(number, reader);
    return number;
  }

  /** Forgets a reader; frames for it are thrown away from now on. */
  remove(number: number): void {
    this.#readers.delete(number);
  }

  /** Ends the connection; readers that are left fail. Idempotent. */
  close(): void {
    this.#fail(new AgentClientError('closed', 'agent client is closed'));
  }

  async #connect(): Promise<void> {
    const { signal } = this.#abort;
    signal.throwIfAborted();
    const stream = await this.#access.open(signal);
    if (signal.aborted) stream.destroy();
    signal.throwIfAborted();
    this.#stream = stream;
    stream.on('error', (cause) => this.#fail(portFailed(cause)));
    stream.once('close', () => this.#fail(portFailed()));
    stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    stream.write(this.token);
  }

  #receive(bytes: Buffer): void {
    try {
      const frames = this.#unanswered === undefined ? bytes : this.#behindToken(this.#unanswered, bytes);
      if (frames !== undefined) this.#splitter.push(frames);
    } catch (error) {
      this.#fail(error instanceof AgentClientError ? error : portFailed(error));
    }
  }

  #behindToken(earlier: Buffer, bytes: Buffer): Buffer | undefined {
    const known = Buffer.concat([earlier, bytes]);
    const at = known.indexOf(this.token);
    this.#unanswered = at === -1 ? known.subarray(1 - tokenBytes) : undefined;
    return at === -1 ? undefined : known.subarray(at + tokenBytes);
  }

  #fail(error: AgentClientError): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(error);
    this.#stream?.destroy();
    const readers = [...this.#readers.values()];
    this.#readers.clear();
    for (const reader of readers) reader.fail(error);
  }
}

function portFailed(cause?: unknown): AgentClientError {
  return new AgentClientError('connection_closed', 'port for output was closed', { cause });
}
