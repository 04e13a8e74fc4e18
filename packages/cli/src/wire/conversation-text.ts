// SPDX-License-Identifier: Apache-2.0
import type { ConversationEvent, RecordedCall, RecordedMessage } from '@hako/ttrpc';
import { Status } from 'nice-grpc-common';

import { escapeText } from '../escape-text.ts';
import { messageText } from './message-text.ts';

/** Width of the column of times. */
const timeWidth = 12;
/** Width of the column of connections and streams. */
const placeWidth = 9;

/**
 * One utterance of a conversation as lines of text, line breaks included.
 * @param event the utterance
 * @param whole do not shorten long values
 */
export function conversationText(event: ConversationEvent, whole: boolean): string {
  const head = (place: string, text: string): string =>
    `${milliseconds(event.atUs).padStart(timeWidth)}  ${place.padEnd(placeWidth)} ${text}\n`;
  switch (event.kind) {
    case 'connected': {
      const name = event.name === '' ? '' : ` ${escapeText(event.name)}`;
      return head(`${event.connection}`, `connection${name}, recorded at the ${event.side}`);
    }
    case 'call':
      return head(placeOf(event.call), `-> ${describeCall(event.call)}`) + body(event.message, whole);
    case 'message':
      return head(placeOf(event.call), arrowOf(event.from) + nameOf(event.call)) + body(event.message, whole);
    case 'half-closed':
      return head(placeOf(event.call), `-> ${nameOf(event.call)} sends no more`);
    case 'ended':
      return head(placeOf(event.call), `<- ${describeEnd(event)}`) + body(event.message, whole);
    case 'given-up':
      return head(
        placeOf(event.call),
        `-- ${nameOf(event.call)} ${event.why} after ${milliseconds(event.durationUs)}`,
      );
    case 'oddity': {
      const stream = event.streamId === undefined ? '' : `:${event.streamId}`;
      return head(`${event.connection}${stream}`, `!! ${escapeText(event.text)}`);
    }
    case 'disconnected':
      return head(`${event.connection}`, 'connection closed');
    case 'over':
      return event.complete ? '' : head('', 'the recording ends here, before its end');
  }
}

function describeCall(call: RecordedCall): string {
  const deadline = call.timeoutMs === undefined ? '' : `  deadline ${call.timeoutMs} ms`;
  const metadata = call.metadata.map(({ key, value }) => `  ${escapeText(key)}: ${escapeText(value)}`);
  return `${nameOf(call)}${deadline}${metadata.join('')}`;
}

function describeEnd({ call, status, durationUs }: Extract<ConversationEvent, { kind: 'ended' }>): string {
  const text = status.message === '' ? '' : ` ${escapeText(status.message)}`;
  const details = status.details.map(
    ({ typeUrl, value }) => `  ${escapeText(typeUrl)} (${value.length} bytes)`,
  );
  return `${nameOf(call)} ${statusName(status.code)}${text} after ${milliseconds(durationUs)}${details.join('')}`;
}

/**
 * The name of a status code, or its number when it has none.
 * @param code the code
 */
export function statusName(code: number): string {
  return Status[code] ?? `status ${code}`;
}

function body(message: RecordedMessage | undefined, whole: boolean): string {
  if (message === undefined) return '';
  const indent = ' '.repeat(timeWidth + 2 + placeWidth + 4);
  return messageText(message, whole)
    .map((line) => `${indent}${line}\n`)
    .join('');
}

function arrowOf(from: 'client' | 'server'): string {
  return from === 'client' ? '-> ' : '<- ';
}

function placeOf(call: RecordedCall): string {
  return `${call.connection}:${call.streamId}`;
}

function nameOf(call: RecordedCall): string {
  return escapeText(`${call.service}/${call.method}`);
}

function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(3)} ms`;
}
