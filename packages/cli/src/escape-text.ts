// SPDX-License-Identifier: Apache-2.0

/** Longest text that goes into one line of ours, in characters. */
const maxLength = 600;

/**
 * Makes text from outside fit to be printed inside a line of ours: line breaks become blanks, control and format
 * characters (which could move the cursor or hide words) become visible escapes, and the length is limited.
 * @param text text of a guest, a tool or a person
 */
export function escapeText(text: string): string {
  const oneLine = text.trim().replaceAll(/\s*\n\s*/g, ' ');
  const visible = oneLine.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
  return visible.length > maxLength ? `${visible.slice(0, maxLength)}…` : visible;
}
