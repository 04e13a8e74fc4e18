// SPDX-License-Identifier: Apache-2.0
import type { Readable } from 'node:stream';

/** Reads a stream of text to its end. */
export async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
