// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { createChannel, createClient, createMemoryPair, createProxy, TtrpcError } from '@hako/ttrpc';
import { EchoDefinition } from '@hako/ttrpc/testing';
import * as fc from 'fast-check';

import type { FuzzTarget } from '../fuzz-target.ts';
import { watchStrayErrors } from '../stray-errors.ts';
import { until, within } from '../within.ts';
import { byteStream } from './byte-streams.ts';
import { callInAllShapes } from './calls-of-all-shapes.ts';
import { manners, sendAndLeave } from './hostile-end.ts';

/** A proxy whose upstream is hostile. */
export const proxyUpstreamTarget: FuzzTarget = {
  name: 'proxy-upstream',
  claim: 'whatever upstream says, the calls of all clients end and the proxy with them',
  property: (corpus) =>
    fc.asyncProperty(byteStream(corpus), manners, async (stream, how) => {
      using stray = watchStrayErrors();
      const [upstream, far] = createMemoryPair();
      await using proxy = createProxy({ upstream });
      await using first = createChannel(proxy.stream());
      await using second = createChannel(proxy.stream());
      const settled = [first, second].map((channel) =>
        callInAllShapes(createClient(EchoDefinition, channel)),
      );
      await sendAndLeave(far, stream, how);
      await Promise.all(settled.map((wait) => wait()));
      const reason = await within('the end of the proxy', proxy.closed);
      assert.ok(reason.error instanceof TtrpcError);
      await until('the clients to be gone', () => proxy.clientCount === 0);
      await stray.check();
    }),
};
