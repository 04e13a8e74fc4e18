// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { createChannel, createClient, createMemoryPair, createServer, TtrpcError } from '@hako/ttrpc';
import { EchoDefinition, echoService } from '@hako/ttrpc/testing';
import * as fc from 'fast-check';

import type { FuzzTarget } from '../fuzz-target.ts';
import { watchStrayErrors } from '../stray-errors.ts';
import { within } from '../within.ts';
import { byteStream } from './byte-streams.ts';
import { manners, sendAndLeave } from './hostile-end.ts';

/** A server that has a hostile client beside a good one. */
export const serverTarget: FuzzTarget = {
  name: 'server',
  claim: 'a hostile client ends with a typed reason and leaves nothing behind; others do not notice',
  property: (corpus) =>
    fc.asyncProperty(
      byteStream(corpus),
      manners,
      fc.constantFrom('rising' as const, 'unique' as const),
      async (stream, how, streamIds) => {
        using stray = watchStrayErrors();
        // What handlers make of broken messages is theirs.
        await using server = createServer({ streamIds, onHandlerError: () => undefined });
        server.add(EchoDefinition, echoService);
        const [hostileEnd, servedEnd] = createMemoryPair();
        const hostile = server.serve(servedEnd);
        const [goodEnd, goodServed] = createMemoryPair();
        server.serve(goodServed);
        await using channel = createChannel(goodEnd);
        const good = createClient(EchoDefinition, channel);
        const [reply] = await Promise.all([
          within('a reply to the good client', good.unary({ text: 'during' })),
          sendAndLeave(hostileEnd, stream, how),
        ]);
        assert.equal(reply.text, 'during');
        const reason = await within('the end of the hostile connection', hostile.closed);
        assert.ok(reason.error instanceof TtrpcError);
        assert.equal(hostile.activeCalls, 0);
        assert.equal((await within('a reply afterwards', good.unary({ text: 'after' }))).text, 'after');
        assert.equal(server.connections.size, 1);
        await stray.check();
      },
    ),
};
