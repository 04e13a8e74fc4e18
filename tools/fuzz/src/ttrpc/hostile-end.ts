// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';

import * as fc from 'fast-check';

import type { ByteStream } from './byte-streams.ts';
import { chunksOf } from './byte-streams.ts';

/** How a peer behaves beside what it sends. */
export interface Manners {
  /** Whether it reads what it is sent. */
  readonly reads: boolean;
  /** Whether it ends its side in order, or vanishes. */
  readonly ends: boolean;
}

/** Any manners. */
export const manners: fc.Arbitrary<Manners> = fc.record({ reads: fc.boolean(), ends: fc.boolean() });

/** Sends a stream of bytes over one end of a connection, then leaves. The other side must come to an end by itself. */
export async function sendAndLeave(end: Duplex, stream: ByteStream, { reads, ends }: Manners): Promise<void> {
  end.on('error', () => undefined);
  if (reads) end.resume();
  for (const chunk of chunksOf(stream)) end.write(chunk);
  // Lets the other side see the last bytes before the end.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (reads && ends) end.end();
  else end.destroy();
}
