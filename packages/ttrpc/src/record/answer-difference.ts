// SPDX-License-Identifier: Apache-2.0
import type { StatusMessage } from '../envelope/status-message.ts';
import type { RecordedMessage } from './message-codec.ts';

/** What a server said on one stream. */
export interface Answer {
  readonly messages: readonly RecordedMessage[];
  /** `undefined`: the call had not ended. */
  readonly status: StatusMessage | undefined;
}

/** One point in which two answers differ. */
export interface AnswerDifference {
  /** For example `status.code`, `messages.length`, `messages[0].agentDetails.version`. */
  readonly where: string;
  /** What the recording has; `undefined` for nothing. */
  readonly recorded: unknown;
  /** What the server answers now. */
  readonly now: unknown;
}

/** Differences that are listed for one answer; there may be more. */
const maxDifferences = 100;

/** Compares two answers: statuses, number of messages, and messages field by field where they are decoded. */
export function compareAnswers(recorded: Answer, now: Answer): AnswerDifference[] {
  const differences: AnswerDifference[] = [];
  compare('status', statusView(recorded.status), statusView(now.status), differences);
  const [before, after] = [recorded.messages, now.messages];
  if (before.length !== after.length) {
    differences.push({ where: 'messages.length', recorded: before.length, now: after.length });
  }
  for (let index = 0; index < Math.min(before.length, after.length); index++) {
    compare(`messages[${index}]`, messageView(before[index]), messageView(after[index]), differences);
  }
  return differences.slice(0, maxDifferences);
}

function statusView(status: StatusMessage | undefined): unknown {
  return (
    status && {
      code: status.code,
      message: status.message,
      details: status.details.map(({ typeUrl, value }) => ({
        typeUrl,
        value: Buffer.from(value).toString('hex'),
      })),
    }
  );
}

/** Messages that do not decode are compared byte by byte. */
function messageView(message: RecordedMessage | undefined): unknown {
  if (message === undefined) return undefined;
  return message.json ?? Buffer.from(message.encoded).toString('hex');
}

function compare(where: string, recorded: unknown, now: unknown, differences: AnswerDifference[]): void {
  if (differences.length >= maxDifferences || Object.is(recorded, now)) return;
  if (isRecord(recorded) && isRecord(now) && Array.isArray(recorded) === Array.isArray(now)) {
    for (const name of new Set([...Object.keys(recorded), ...Object.keys(now)])) {
      const part = Array.isArray(recorded) ? `${where}[${name}]` : `${where}.${name}`;
      compare(part, recorded[name], now[name], differences);
    }
  } else {
    differences.push({ where, recorded, now });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
