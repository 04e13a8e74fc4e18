// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the inputs of a suite are kept. */
export function corpusDirectory(suite: string): string {
  return resolve(import.meta.dirname, '../corpus', suite);
}

/** Reads the inputs of a directory, in the order of their names, on which reproduction depends. */
export function readCorpus(directory: string): Uint8Array[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.hex'));
  return files.sort().map((file) => parseHex(readFileSync(join(directory, file), 'utf8'), file));
}

/** Hexadecimal digits, blanks anywhere between bytes; `#` begins a comment, `"text"` stands for its bytes. */
export function parseHex(text: string, name: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of text.split('\n')) {
    for (const [token, quoted] of line.matchAll(/#.*|"([^"]*)"|[^\s"#]+/g)) {
      if (token.startsWith('#')) break;
      if (quoted !== undefined) bytes.push(...Buffer.from(quoted));
      else if (/^(?:[0-9a-f]{2})+$/i.test(token)) bytes.push(...Buffer.from(token, 'hex'));
      else throw new Error(`${name}: not hexadecimal: ${token}`);
    }
  }
  return Uint8Array.from(bytes);
}
