// SPDX-License-Identifier: Apache-2.0

/** Longest piece of the guest's words that enters an error message, in UTF-16 units. */
const maxGuestTextLength = 2000;

const control = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Makes text of the guest safe to print: control and format characters are escaped, the length is bounded. */
export function printableGuestText(text: string): string {
  const escaped = text
    .slice(0, maxGuestTextLength)
    .replace(control, (character) =>
      character === '\n' ? '\\n' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
    );
  return text.length > maxGuestTextLength ? `${escaped}…` : escaped;
}
