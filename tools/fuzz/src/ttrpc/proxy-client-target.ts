// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { createChannel, createClient, createMemoryPair, createProxy, createServer } from '@hako/ttrpc';
import { EchoDefinition, echoService } from '@hako/ttrpc/testing';
import * as fc from 'fast-check';

import type { FuzzTarget } from '../fuzz-target.ts';
import { watchStrayErrors } from '../stray-errors.ts';
import { until, within } from '../within.ts';
import { byteStream } from './byte-streams.ts';
import { manners, sendAndLeave } from './hostile-end.ts';

/** A proxy that has a hostile client beside a good one. */
export const proxyClientTarget: FuzzTarget = {
  name: 'proxy-client',
  claim: 'a hostile client frees its streams upstream; the shared connection and others live on',
  property: (corpus) =>
    fc.asyncProperty(byteStream(corpus), manners, async (stream, how) => {
      using stray = watchStrayErrors();
      const [upstream, served] = createMemoryPair();
      await using server = createServer({ onHandlerError: () => undefined });
      server.add(EchoDefinition, echoService).serve(served);
      await using proxy = createProxy({ upstream });
      await using channel = createChannel(proxy.stream());
      const good = createClient(EchoDefinition, channel);
      const [reply] = await Promise.all([
        within('a reply to the good client', good.unary({ text: 'during' })),
        sendAndLeave(proxy.stream(), stream, how),
      ]);
      assert.equal(reply.text, 'during');
      await until('the hostile client to be gone', () => proxy.clientCount === 1);
      await until('its streams to be free', () => proxy.activeCalls === 0);
      assert.equal((await within('a reply afterwards', good.unary({ text: 'after' }))).text, 'after');
      await stray.check();
    }),
};
