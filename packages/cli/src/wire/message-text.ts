// SPDX-License-Identifier: Apache-2.0
import type { RecordedMessage } from '@hako/ttrpc';

/** Longest text or byte string that is shown whole, in characters. */
const maxValueLength = 200;
/** Longest JSON that is shown in one line. */
const maxLineLength = 100;
/** Bytes shown of a message whose type is not known. */
const maxHexBytes = 32;

/**
 * A message as lines of text, fit for a terminal: JSON where its type is known, bytes where not.
 * @param message the message
 * @param whole do not shorten long values
 */
export function messageText({ encoded, json, problem }: RecordedMessage, whole: boolean): string[] {
  if (json === undefined) {
    const shown = whole ? encoded : encoded.subarray(0, maxHexBytes);
    const rest = encoded.length - shown.length;
    const hex = `${Buffer.from(shown).toString('hex')}${rest > 0 ? `… (${rest} bytes more)` : ''}`;
    const why = problem === undefined ? '' : ` does not decode: ${visible(JSON.stringify(problem))}`;
    return [`(${encoded.length} bytes)${why} ${hex}`.trimEnd()];
  }
  const shorten = (_name: string, value: unknown): unknown =>
    whole || typeof value !== 'string' || value.length <= maxValueLength
      ? value
      : `${value.slice(0, maxValueLength)}… (${value.length - maxValueLength} characters more)`;
  const line = JSON.stringify(json, shorten);
  const text = line.length <= maxLineLength ? line : JSON.stringify(json, shorten, 2);
  return visible(text).split('\n');
}

/** JSON leaves format characters as they are, which could move the cursor or hide words. */
function visible(json: string): string {
  return json.replaceAll(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
