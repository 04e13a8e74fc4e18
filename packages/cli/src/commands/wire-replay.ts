// SPDX-License-Identifier: Apache-2.0
import {
  dial,
  openRecording,
  parseAddress,
  replayRecording,
  type AnswerDifference,
  type ReplayedCall,
} from '@hako/ttrpc';

import type { CliComponents } from '../cli-components.ts';
import { escapeText } from '../escape-text.ts';
import { watchInterrupts } from '../interrupts.ts';
import { UsageError } from '../usage-error.ts';
import { statusName } from '../wire/conversation-text.ts';
import { knownServices } from '../wire/known-services.ts';
import { wireFailure } from '../wire/wire-failure.ts';

/** Exit code when answers differ, as `diff` has it. */
const differ = 1;

/** What `hako wire replay` sends, and where. */
export interface WireReplayRequest {
  /** The recording. */
  readonly file: string;
  /** The server, in the words of `parseAddress`. */
  readonly address: string;
  /** Seconds to wait for an answer, as it was typed. */
  readonly timeout: string | undefined;
}

/**
 * `hako wire replay`: sends the client's half of a recording to a server and prints where its answers differ. The exit code
 * is 0 when none does, and 1 when one does.
 * @param request what to send where
 * @param components the program's world
 */
export async function wireReplay(request: WireReplayRequest, components: CliComponents): Promise<number> {
  const { stdout } = components;
  const answerTimeoutMs = parseTimeout(request.timeout);
  using interrupts = watchInterrupts(components.onSignal);
  const { signal } = interrupts;
  const counts = { same: 0, different: 0, open: 0 };
  try {
    const address = parseAddress(request.address);
    await using recording = await openRecording(request.file);
    const calls = replayRecording(recording.events, {
      connect: () => dial(address, { signal }),
      definitions: knownServices,
      signal,
      ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
    });
    for await (const call of calls) {
      const verdict = verdictOf(call);
      counts[verdict]++;
      stdout.write(callText(call, verdict));
    }
  } catch (error) {
    if (interrupts.exitCode !== undefined) return interrupts.exitCode;
    throw wireFailure(error);
  }
  const { same, different, open } = counts;
  stdout.write(`${same} the same, ${different} different, ${open} without a recorded answer\n`);
  return different === 0 ? 0 : differ;
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds < 86_400) return seconds * 1000;
  throw new UsageError(`--timeout is not a number of seconds: ${text}`, 'give a number such as 10 or 0.5');
}

type Verdict = 'same' | 'different' | 'open';

function verdictOf(call: ReplayedCall): Verdict {
  if (call.recorded.status === undefined) return 'open';
  return call.differences.length === 0 ? 'same' : 'different';
}

function callText(call: ReplayedCall, verdict: Verdict): string {
  const status = call.now.status === undefined ? 'no answer' : statusName(call.now.status.code);
  const name = escapeText(`${call.service}/${call.method}`);
  const place = `${call.connection}:${call.streamId}`;
  return [
    `${verdict.padEnd(9)}  ${place.padEnd(8)} ${name} ${status}`,
    ...call.differences.flatMap(differenceText),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function differenceText({ where, recorded, now }: AnswerDifference): string[] {
  const indent = ' '.repeat(11);
  return [
    `${indent}${escapeText(where)}`,
    `${indent}  recorded  ${valueText(recorded)}`,
    `${indent}  now       ${valueText(now)}`,
  ];
}

function valueText(value: unknown): string {
  return value === undefined ? '(nothing)' : escapeText(JSON.stringify(value));
}
