// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Longest time that timers measure. */
const maxMs = 2 ** 31 - 1;

const part = /(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g;
const whole = /^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/;

/**
 * Milliseconds of a time such as `500ms` or `1m30s`; `undefined` for `0` or nothing, which mean no limit.
 * @param text as it was typed
 * @param what the option or command, for the error
 */
export function parseDuration(text: string, what: string): number | undefined {
  if (text === '' || text === '0') return undefined;
  const ms = whole.test(text)
    ? [...text.matchAll(part)].reduce(
        (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0),
        0,
      )
    : Number.NaN;
  if (Number.isFinite(ms) && ms <= maxMs) return ms;
  throw new UsageError(
    `${what} is not a time: ${text}`,
    'give numbers with ns, us, ms, s, m or h, such as 1m30s',
  );
}
