// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { TtrpcServiceDefinition } from '../definition/service-definition.ts';
import { decodeRequestEnvelope } from '../envelope/request-envelope.ts';
import { encodeFrame, frameType } from '../frame/frame-header.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { Answer, AnswerDifference } from './answer-difference.ts';
import { compareAnswers } from './answer-difference.ts';
import { AnswerCollector } from './answer-collector.ts';
import { pathOf } from './conversation.ts';
import { MessageCodec } from './message-codec.ts';
import type { RecordedEvent } from './read-recording.ts';
import { ReplayConnection } from './replay-connection.ts';

/** How a recording is replayed. */
export interface ReplayOptions {
  /** Opens one connection to the server; called once for each connection of the recording that has calls. */
  readonly connect: () => Promise<Duplex>;
  /** Services whose messages are compared field by field; those of others byte by byte. Default: none. */
  readonly definitions?: readonly TtrpcServiceDefinition[];
  /** Milliseconds to wait for what the recorded server said at a point. Default 10,000. */
  readonly answerTimeoutMs?: number;
  /** Ends the replay; it throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One call, then and now. */
export interface ReplayedCall {
  readonly connection: number;
  readonly streamId: number;
  readonly service: string;
  readonly method: string;
  readonly recorded: Answer;
  readonly now: Answer;
  /** Empty when both are the same, or when the recording ends before the call did. */
  readonly differences: readonly AnswerDifference[];
}

const defaultAnswerTimeoutMs = 10_000;

/**
 * Sends the client's half of a recording to a server and compares what it answers.
 *
 * Frames are sent in their recorded order and as fast as causes allow: before a frame is sent, everything the recorded
 * server had said until then must have been said again, call by call, or its time is over. Answers come in the order in
 * which the recorded calls ended; calls that never ended follow when their connection does.
 * @throws TtrpcError `malformed_message` for a damaged recording, and what `connect` throws.
 */
export async function* replayRecording(
  events: AsyncIterable<RecordedEvent>,
  options: ReplayOptions,
): AsyncGenerator<ReplayedCall, void, undefined> {
  await using connections = new Replay(options);
  for await (const event of events) {
    options.signal?.throwIfAborted();
    if (event.kind === 'frame') yield* connections.frame(event);
    else if (event.kind === 'close') yield* connections.close(event.connection);
  }
  yield* connections.closeAll();
}

interface OpenCall {
  readonly connection: ReplayConnection;
  readonly service: string;
  readonly method: string;
  readonly recorded: AnswerCollector;
}

class Replay implements AsyncDisposable {
  readonly #options: ReplayOptions;
  readonly #codec: MessageCodec;
  readonly #connections = new Map<number, ReplayConnection>();
  readonly #calls = new Map<number, Map<number, OpenCall>>();

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#codec = new MessageCodec(options.definitions ?? []);
  }

  async *frame(
    event: Extract<RecordedEvent, { kind: 'frame' }>,
  ): AsyncGenerator<ReplayedCall, void, undefined> {
    if (event.from === 'client') await this.#send(event);
    else yield* this.#expect(event);
  }

  async *close(number: number): AsyncGenerator<ReplayedCall, void, undefined> {
    for (const [streamId, call] of this.#calls.get(number) ?? []) yield this.#judge(number, streamId, call);
    this.#calls.delete(number);
    await this.#connections.get(number)?.[Symbol.asyncDispose]();
    this.#connections.delete(number);
  }

  async *closeAll(): AsyncGenerator<ReplayedCall, void, undefined> {
    for (const number of [...this.#calls.keys()]) yield* this.close(number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections.values()) await connection[Symbol.asyncDispose]();
  }

  async #send(event: Extract<RecordedEvent, { kind: 'frame' }>): Promise<void> {
    const { connection: number, streamId, type, flags, payload } = event;
    let connection = this.#connections.get(number);
    if (connection === undefined) {
      connection = new ReplayConnection(await this.#options.connect());
      this.#connections.set(number, connection);
      this.#calls.set(number, new Map());
    }
    if (type === frameType.request) {
      const { service, method } = namesOf(payload);
      const call = { connection, service, method, recorded: new AnswerCollector() };
      this.#calls.get(number)?.set(streamId, call);
      connection.open(streamId);
    }
    await connection.send(encodeFrame(streamId, type, flags, payload));
  }

  async *#expect(
    event: Extract<RecordedEvent, { kind: 'frame' }>,
  ): AsyncGenerator<ReplayedCall, void, undefined> {
    const { connection: number, streamId } = event;
    const call = this.#calls.get(number)?.get(streamId);
    if (call === undefined) return;
    call.recorded.add(event.type, event.flags, event.payload);
    const { answerTimeoutMs = defaultAnswerTimeoutMs, signal } = this.#options;
    const { messageCount, ended } = call.recorded;
    await call.connection.waitFor(streamId, { messageCount, ended }, answerTimeoutMs, signal);
    if (!ended) return;
    this.#calls.get(number)?.delete(streamId);
    yield this.#judge(number, streamId, call);
  }

  #judge(connection: number, streamId: number, call: OpenCall): ReplayedCall {
    const path = pathOf(call);
    const responseStream = this.#codec.find(path)?.responseStream === true;
    const decode = (encoded: Uint8Array) => this.#codec.response(path, encoded);
    const recorded = call.recorded.answer(responseStream, decode);
    const now = call.connection.take(streamId).answer(responseStream, decode);
    const comparable = recorded.status !== undefined;
    const differences = comparable ? compareAnswers(recorded, now) : [];
    const { service, method } = call;
    return { connection, streamId, service, method, recorded, now, differences };
  }
}

/** A request that does not decode is sent all the same: the server's answer to it is worth comparing. */
function namesOf(payload: Uint8Array): { readonly service: string; readonly method: string } {
  try {
    return decodeRequestEnvelope(payload);
  } catch (error) {
    if (!(error instanceof TtrpcError)) throw error;
    return { service: '?', method: '?' };
  }
}
