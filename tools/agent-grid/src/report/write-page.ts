// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';

/** Writes a page of Markdown as the formatter wants it, and answers whether it has changed. */
export async function writePage(path: string, text: string): Promise<boolean> {
  const style = await resolveConfig(path);
  const page = await format(text, { ...style, filepath: path });
  if (page === (await readFile(path, 'utf8').catch(() => ''))) return false;
  await writeFile(path, page);
  return true;
}
