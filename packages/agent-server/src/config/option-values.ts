// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { LogLevel } from '../logging/json-logger.ts';

const levelNames: ReadonlyMap<string, LogLevel> = new Map([
  ['fatal', 'critical'],
  ['panic', 'critical'],
  ['critical', 'critical'],
  ['error', 'error'],
  ['warn', 'warning'],
  ['warning', 'warning'],
  ['info', 'info'],
  ['debug', 'debug'],
  ['trace', 'trace'],
]);

function refuse(name: string, problem: string): never {
  throw new AgentError('invalid_option', `option ${name} ${problem}`, { operand: name });
}

/** `true`, or an integer that is not 0; every other text counts as false without complaint. */
export function lenientBoolean(text: string): boolean {
  if (text === 'true') return true;
  return /^[+-]?\d+$/.test(text) && BigInt(text.replace(/^\+/, '')) !== 0n;
}

/** Exactly `true` or `false`; throws `invalid_option`. */
export function strictBoolean(name: string, text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return refuse(name, `is neither true nor false: ${JSON.stringify(text)}`);
}

/** A whole number within limits; throws `invalid_option`. */
export function integerBetween(name: string, text: string, min: bigint, max: bigint): bigint {
  if (!/^[+-]?\d+$/.test(text)) return refuse(name, `is not a whole number: ${JSON.stringify(text)}`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value < min || value > max)
    return refuse(name, `is not between ${min.toString()} and ${max.toString()}: ${text}`);
  return value;
}

/** Largest number of seconds whose milliseconds a number still holds exactly. */
const maxSeconds = BigInt(Math.floor(Number.MAX_SAFE_INTEGER / 1000));

/** Seconds as milliseconds; throws `invalid_option`. */
export function secondsToMs(name: string, text: string): number {
  const seconds = integerBetween(name, text, 0n, 2n ** 64n - 1n);
  return Number(seconds > maxSeconds ? maxSeconds : seconds) * 1000;
}

/** A signed 32-bit number; throws `invalid_option`. */
export function int32(name: string, text: string): number {
  return Number(integerBetween(name, text, -(2n ** 31n), 2n ** 31n - 1n));
}

/** Text that is not empty; throws `invalid_option`. */
export function filledText(name: string, text: string): string {
  return text === '' ? refuse(name, 'is empty') : text;
}

/** The text of a URL; throws `invalid_option`. */
export function urlText(name: string, text: string): string {
  return URL.canParse(text) ? text : refuse(name, `is not a URL: ${JSON.stringify(text)}`);
}

/** One of the words of `agent.log`; throws `invalid_option`. */
export function logLevelOf(name: string, text: string): LogLevel {
  return levelNames.get(text) ?? refuse(name, `is not a log level: ${JSON.stringify(text)}`);
}

/** One of a fixed set of words; throws `invalid_option`. */
export function oneOf<const Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  return (
    words.find((word) => word === text) ??
    refuse(name, `is none of ${words.join(', ')}: ${JSON.stringify(text)}`)
  );
}

/** A capacity in bytes, not negative; throws `invalid_option`. */
export function capacityBytes(name: string, text: string): number {
  const value = int32(name, text);
  return value < 0 ? refuse(name, `is negative: ${text}`) : value;
}
