// SPDX-License-Identifier: Apache-2.0

/**
 * A text as a name in a directory, as Kata makes them: Go's URL encoding of base64, which pads.
 * @param text the text
 */
export function paddedBase64Url(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
