// SPDX-License-Identifier: Apache-2.0
import type { TtrpcServiceDefinition } from '../definition/service-definition.ts';
import { decodeRequestEnvelope, type KeyValue } from '../envelope/request-envelope.ts';
import { decodeResponseEnvelope } from '../envelope/response-envelope.ts';
import type { StatusMessage } from '../envelope/status-message.ts';
import { frameFlag, frameType } from '../frame/frame-header.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { RecordedMessage } from './message-codec.ts';
import { MessageCodec } from './message-codec.ts';
import type { RecordedEvent } from './read-recording.ts';
import type { Side } from './recording-format.ts';

/** One call of a recording, as its request tells. */
export interface RecordedCall {
  /** Number of the connection within the recording. */
  readonly connection: number;
  readonly streamId: number;
  /** Full dotted name. */
  readonly service: string;
  /** Bare name. */
  readonly method: string;
  /** Microseconds from the beginning of the recording to the request. */
  readonly startedAtUs: number;
  /** Time the server was given, in milliseconds; `undefined` for no limit. */
  readonly timeoutMs: number | undefined;
  readonly metadata: readonly KeyValue[];
}

/** When something was said. */
interface Occurrence {
  /** Microseconds since the recording began. */
  readonly atUs: number;
}

/** One utterance of a conversation. */
export type ConversationEvent =
  /** A connection begins; `side` is the end that was recorded. */
  | (Occurrence & {
      readonly kind: 'connected';
      readonly connection: number;
      readonly side: Side;
      readonly name: string;
    })
  /** A call begins; `message` is absent when its messages follow. */
  | (Occurrence & { readonly kind: 'call'; readonly call: RecordedCall; readonly message?: RecordedMessage })
  /** A further message of a streaming call. */
  | (Occurrence & {
      readonly kind: 'message';
      readonly call: RecordedCall;
      readonly from: Side;
      readonly message: RecordedMessage;
    })
  /** The client sends nothing more on the stream. */
  | (Occurrence & { readonly kind: 'half-closed'; readonly call: RecordedCall })
  /** The server has ended the call; `message` is its last or only reply. */
  | (Occurrence & {
      readonly kind: 'ended';
      readonly call: RecordedCall;
      readonly status: StatusMessage;
      readonly durationUs: number;
      readonly message?: RecordedMessage;
    })
  /** The client has given the call up, or the connection was lost under it. */
  | (Occurrence & {
      readonly kind: 'given-up';
      readonly call: RecordedCall;
      readonly why: 'cancelled' | 'connection closed';
      readonly durationUs: number;
    })
  /** Something that belongs to no call, or breaks the protocol. */
  | (Occurrence & {
      readonly kind: 'oddity';
      readonly connection: number;
      readonly streamId?: number;
      readonly text: string;
    })
  | (Occurrence & { readonly kind: 'disconnected'; readonly connection: number })
  /** The recording is over; `complete` is false when it ends in the middle. */
  | (Occurrence & { readonly kind: 'over'; readonly complete: boolean });

/** Calls of one recording that may be open at once; the eldest is forgotten beyond, its answer becomes an oddity. */
const maxOpenCalls = 1_000_000;

const ok: StatusMessage = { code: 0, message: '', details: [] };

/**
 * Makes a conversation of frames. Never throws for what a peer sent: that becomes an `oddity`.
 * @param events - of a recording.
 * @param definitions - services whose messages are decoded; default: none.
 */
export async function* readConversation(
  events: AsyncIterable<RecordedEvent>,
  definitions: readonly TtrpcServiceDefinition[] = [],
): AsyncGenerator<ConversationEvent, void, undefined> {
  const listener = new Listener(new MessageCodec(definitions));
  for await (const event of events) {
    try {
      yield* listener.hear(event);
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      yield oddity(event, `does not decode: ${error.message}`);
    }
  }
}

/** Keeps the calls that are open, to know what a frame belongs to. */
class Listener {
  readonly #codec: MessageCodec;
  readonly #calls = new Map<string, RecordedCall>();

  constructor(codec: MessageCodec) {
    this.#codec = codec;
  }

  *hear(event: RecordedEvent): Generator<ConversationEvent, void, undefined> {
    const { atUs, connection } = event;
    switch (event.kind) {
      case 'open':
        yield { kind: 'connected', atUs, connection, side: event.side, name: event.name };
        break;
      case 'frame':
        yield* this.#frame(event);
        break;
      case 'oversized':
        yield oddity(event, `${event.from} sent a frame of ${event.payloadBytes} bytes, above the limit`);
        break;
      case 'garbage':
        yield oddity(event, `what the ${event.from} sends from here on is not ttRPC`);
        break;
      case 'lost':
        yield oddity(event, `${event.frames} frames of ${event.bytes} bytes were not recorded`);
        break;
      case 'close':
        yield* this.#close(event);
        break;
      case 'end':
      case 'truncated':
        yield { kind: 'over', atUs, complete: event.kind === 'end' && event.reason === 'closed' };
    }
  }

  *#frame(event: Extract<RecordedEvent, { kind: 'frame' }>): Generator<ConversationEvent, void, undefined> {
    if (event.type === frameType.request && event.from === 'client') yield this.#open(event);
    else if (event.type !== frameType.response && event.type !== frameType.data && !isCancel(event)) {
      yield oddity(event, `${event.from} sent a frame of type ${event.type}`);
    } else {
      const call = this.#calls.get(keyOf(event));
      if (call === undefined) yield oddity(event, `${event.from} sent a frame for a stream that is not open`);
      else if (isCancel(event)) yield this.#giveUp(call, event.atUs, 'cancelled');
      else if (event.type === frameType.response) yield this.#answer(call, event);
      else yield* this.#data(call, event);
    }
  }

  #open(event: Extract<RecordedEvent, { kind: 'frame' }>): ConversationEvent {
    const { service, method, payload, timeoutNano, metadata } = decodeRequestEnvelope(event.payload);
    const call: RecordedCall = {
      connection: event.connection,
      streamId: event.streamId,
      service,
      method,
      startedAtUs: event.atUs,
      timeoutMs: timeoutNano === 0n ? undefined : Number(timeoutNano) / 1e6,
      metadata,
    };
    for (const eldest of this.#calls.keys()) {
      if (this.#calls.size < maxOpenCalls) break;
      this.#calls.delete(eldest);
    }
    this.#calls.set(keyOf(event), call);
    const follows = (event.flags & frameFlag.remoteOpen) !== 0 && payload.length === 0;
    const message = this.#codec.request(pathOf(call), payload);
    return { kind: 'call', atUs: event.atUs, call, ...(follows ? {} : { message }) };
  }

  #answer(call: RecordedCall, event: Extract<RecordedEvent, { kind: 'frame' }>): ConversationEvent {
    this.#calls.delete(keyOf(event));
    const { status = ok, payload } = decodeResponseEnvelope(event.payload);
    const hasReply =
      status.code === 0 && (payload.length > 0 || this.#codec.find(pathOf(call))?.responseStream !== true);
    const message = this.#codec.response(pathOf(call), payload);
    return {
      kind: 'ended',
      atUs: event.atUs,
      call,
      status,
      durationUs: event.atUs - call.startedAtUs,
      ...(hasReply ? { message } : {}),
    };
  }

  *#data(
    call: RecordedCall,
    event: Extract<RecordedEvent, { kind: 'frame' }>,
  ): Generator<ConversationEvent, void, undefined> {
    const { from, atUs } = event;
    if ((event.flags & frameFlag.noData) === 0) {
      const message =
        from === 'client'
          ? this.#codec.request(pathOf(call), event.payload)
          : this.#codec.response(pathOf(call), event.payload);
      yield { kind: 'message', atUs, call, from, message };
    }
    if ((event.flags & frameFlag.remoteClosed) === 0) return;
    if (from === 'client') {
      yield { kind: 'half-closed', atUs, call };
    } else {
      this.#calls.delete(keyOf(event));
      yield { kind: 'ended', atUs, call, status: ok, durationUs: atUs - call.startedAtUs };
    }
  }

  *#close(event: RecordedEvent): Generator<ConversationEvent, void, undefined> {
    for (const call of [...this.#calls.values()]) {
      if (call.connection === event.connection) yield this.#giveUp(call, event.atUs, 'connection closed');
    }
    yield { kind: 'disconnected', atUs: event.atUs, connection: event.connection };
  }

  #giveUp(call: RecordedCall, atUs: number, why: 'cancelled' | 'connection closed'): ConversationEvent {
    this.#calls.delete(keyOf(call));
    return { kind: 'given-up', atUs, call, why, durationUs: atUs - call.startedAtUs };
  }
}

/** The path by which a {@link MessageCodec} knows a call's method. */
export function pathOf(call: { readonly service: string; readonly method: string }): string {
  return `${call.service}/${call.method}`;
}

function keyOf({ connection, streamId }: { readonly connection: number; readonly streamId: number }): string {
  return `${connection}:${streamId}`;
}

function isCancel(event: { readonly type: number; readonly from: Side }): boolean {
  return event.type === frameType.cancel && event.from === 'client';
}

function oddity(event: RecordedEvent, text: string): ConversationEvent {
  const stream = 'streamId' in event ? { streamId: event.streamId } : {};
  return { kind: 'oddity', atUs: event.atUs, connection: event.connection, ...stream, text };
}
