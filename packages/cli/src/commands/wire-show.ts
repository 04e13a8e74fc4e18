// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';

import { openRecording, readConversation, type ConversationEvent } from '@hako/ttrpc';

import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { conversationText } from '../wire/conversation-text.ts';
import { knownServices } from '../wire/known-services.ts';
import { wireFailure } from '../wire/wire-failure.ts';

/** How `hako wire show` prints. */
export interface WireShowRequest {
  /** The recording. */
  readonly file: string;
  /** Calls of these methods only, by bare name or `service/method`; empty for all. */
  readonly methods: readonly string[];
  /** Go on until the recording ends. */
  readonly follow: boolean;
  /** Do not shorten long values. */
  readonly whole: boolean;
  /** One JSON object per line, for programs. */
  readonly json: boolean;
}

/**
 * `hako wire show`: a recording as a readable conversation.
 * @param request what to print
 * @param components the program's world
 */
export async function wireShow(request: WireShowRequest, components: CliComponents): Promise<number> {
  const { stdout } = components;
  using interrupts = watchInterrupts(components.onSignal);
  const { signal } = interrupts;
  try {
    await using recording = await openRecording(request.file, { follow: request.follow, signal });
    if (!request.json) stdout.write(`recording of ${recording.startedAt.toISOString()}\n`);
    for await (const event of readConversation(recording.events, knownServices)) {
      if (!isWanted(event, request.methods)) continue;
      const text = request.json ? asJson(event) : conversationText(event, request.whole);
      if (!stdout.write(text)) await once(stdout, 'drain');
    }
  } catch (error) {
    // The reader has seen enough, as `head` does.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 0;
    throw wireFailure(error);
  }
  // Whoever follows a conversation ends it so.
  return request.follow ? 0 : (interrupts.exitCode ?? 0);
}

function isWanted(event: ConversationEvent, methods: readonly string[]): boolean {
  if (methods.length === 0) return true;
  if (!('call' in event)) return false;
  const { service, method } = event.call;
  return methods.includes(method) || methods.includes(`${service}/${method}`);
}

/** Bytes become base64, as in protobuf JSON. */
function asJson(event: ConversationEvent): string {
  const text = JSON.stringify(event, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return `${text}\n`;
}
