// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { encodeRequestEnvelope } from '../envelope/request-envelope.ts';
import { encodeResponseEnvelope } from '../envelope/response-envelope.ts';
import { frameFlag, frameType } from '../frame/frame-header.ts';
import { collect } from '../testing/collect.ts';
import { EchoMessage } from '../testing/echo-definition.ts';
import { JsonEchoDefinition } from '../testing/json-echo-definition.ts';
import type { ConversationEvent } from './conversation.ts';
import { readConversation } from './conversation.ts';
import type { RecordedEvent } from './read-recording.ts';
import type { Side } from './recording-format.ts';

const { remoteClosed, remoteOpen, noData } = frameFlag;
const none: Uint8Array = new Uint8Array(0);

const echo = (text: string): Uint8Array => EchoMessage.encode(EchoMessage.fromPartial({ text })).finish();

function frame(from: Side, type: number, flags: number, payload: Uint8Array = none, atUs = 0): RecordedEvent {
  return { kind: 'frame', connection: 0, atUs, from, streamId: 1, type, flags, payload };
}

function request(method: string, flags: number, text?: string): RecordedEvent {
  const payload = text === undefined ? none : echo(text);
  const envelope = { service: 'hako.test.Echo', method, payload, timeoutNano: 1_500_000n, metadata: [] };
  return frame('client', frameType.request, flags, encodeRequestEnvelope(envelope));
}

function response(code: number, payload = none, atUs = 7): RecordedEvent {
  const status = { code, message: code === 0 ? '' : 'why', details: [] };
  return frame('server', frameType.response, 0, encodeResponseEnvelope({ status, payload }), atUs);
}

/** An utterance in one line. */
function line(event: ConversationEvent): string {
  const message = 'message' in event ? ` ${JSON.stringify(event.message.json)}` : '';
  switch (event.kind) {
    case 'call':
      return `call ${event.call.method}${message}`;
    case 'message':
      return `${event.from}${message}`;
    case 'ended':
      return `ended ${event.status.code} after ${event.durationUs}${message}`;
    case 'given-up':
      return `given up: ${event.why}`;
    case 'oddity':
      return event.text;
    case 'connected':
    case 'half-closed':
    case 'disconnected':
    case 'over':
      return event.kind;
  }
}

const at = { connection: 0, atUs: 9 };

const conversations: readonly { name: string; events: RecordedEvent[]; lines: string[] }[] = [
  {
    name: 'a unary call',
    events: [request('Unary', 0, 'hi'), response(0, echo('ho'))],
    lines: ['call Unary {"text":"hi"}', 'ended 0 after 7 {"text":"ho"}'],
  },
  {
    name: 'a unary call with empty messages',
    events: [request('Unary', 0), response(0)],
    lines: ['call Unary {}', 'ended 0 after 7 {}'],
  },
  {
    name: 'a unary call that fails',
    events: [request('Unary', 0, 'hi'), response(5)],
    lines: ['call Unary {"text":"hi"}', 'ended 5 after 7'],
  },
  {
    name: 'a server stream',
    events: [
      request('ServerStream', remoteClosed, 'hi'),
      frame('server', frameType.data, 0, echo('a')),
      frame('server', frameType.data, remoteClosed | noData),
    ],
    lines: ['call ServerStream {"text":"hi"}', 'server {"text":"a"}', 'ended 0 after 0'],
  },
  {
    name: 'a server stream that a response ends',
    events: [request('ServerStream', remoteClosed, 'hi'), response(0)],
    lines: ['call ServerStream {"text":"hi"}', 'ended 0 after 7'],
  },
  {
    name: 'a client stream',
    events: [
      request('ClientStream', remoteOpen | noData),
      frame('client', frameType.data, 0, echo('a')),
      frame('client', frameType.data, 0),
      frame('client', frameType.data, remoteClosed | noData),
      response(0, echo('a,')),
    ],
    lines: [
      'call ClientStream',
      'client {"text":"a"}',
      'client {}',
      'half-closed',
      'ended 0 after 7 {"text":"a,"}',
    ],
  },
  {
    name: 'a bidirectional stream that is cancelled',
    events: [
      request('BidiStream', remoteOpen),
      frame('client', frameType.data, 0, echo('a')),
      frame('server', frameType.data, 0, echo('b')),
      frame('client', frameType.cancel, 0),
      response(1),
    ],
    lines: [
      'call BidiStream',
      'client {"text":"a"}',
      'server {"text":"b"}',
      'given up: cancelled',
      'server sent a frame for a stream that is not open',
    ],
  },
  {
    name: 'a connection that is lost under its call',
    events: [
      { ...at, kind: 'open', side: 'client', name: '' },
      request('Unary', 0, 'hi'),
      { ...at, kind: 'close' },
      { ...at, kind: 'end', reason: 'closed' },
    ],
    lines: ['connected', 'call Unary {"text":"hi"}', 'given up: connection closed', 'disconnected', 'over'],
  },
  {
    name: 'what does not decode',
    events: [
      frame('client', frameType.request, 0, Uint8Array.of(0x0a, 0x7f)),
      frame('client', 9, 0),
      frame('server', frameType.request, 0),
      { ...at, kind: 'oversized', from: 'client', streamId: 1, type: 1, flags: 0, payloadBytes: 5_000_000 },
      { ...at, kind: 'garbage', from: 'server' },
      { ...at, kind: 'lost', frames: 2, bytes: 10 },
      { ...at, kind: 'truncated' },
    ],
    lines: [
      'does not decode: field of 127 bytes exceeds its message',
      'client sent a frame of type 9',
      'server sent a frame of type 1',
      'client sent a frame of 5000000 bytes, above the limit',
      'what the server sends from here on is not ttRPC',
      '2 frames of 10 bytes were not recorded',
      'over',
    ],
  },
];

async function* replayed(events: readonly RecordedEvent[]): AsyncGenerator<RecordedEvent> {
  for (const event of events) yield await Promise.resolve(event);
}

describe('a conversation', () => {
  test.each(conversations)('of $name', async ({ events, lines }) => {
    const heard = await collect(readConversation(replayed(events), [JsonEchoDefinition]));
    expect(heard.map(line)).toEqual(lines);
  });

  test('tells what the request said about the call', async () => {
    const [event] = await collect(readConversation(replayed([request('Unary', 0)])));
    expect(event).toMatchObject({
      kind: 'call',
      call: {
        connection: 0,
        streamId: 1,
        service: 'hako.test.Echo',
        method: 'Unary',
        timeoutMs: 1.5,
        metadata: [],
      },
    });
  });

  test('of a service that is not known keeps the bytes', async () => {
    const [event] = await collect(readConversation(replayed([request('Unary', 0, 'hi')])));
    expect(event).toMatchObject({ message: { encoded: echo('hi') } });
    expect(event).not.toHaveProperty('message.json');
  });

  test('shows why a message does not decode', async () => {
    const payload = Uint8Array.of(0x0a, 0x7f);
    const events = [request('Unary', 0), response(0, payload)];
    const heard = await collect(readConversation(replayed(events), [JsonEchoDefinition]));
    expect(heard[1]).toMatchObject({ message: { problem: expect.any(String) as string } });
  });
});
