// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { createChannel, createClient, createMemoryPair, TtrpcError } from '@hako/ttrpc';
import { EchoDefinition } from '@hako/ttrpc/testing';
import * as fc from 'fast-check';

import type { FuzzTarget } from '../fuzz-target.ts';
import { watchStrayErrors } from '../stray-errors.ts';
import { within } from '../within.ts';
import { byteStream } from './byte-streams.ts';
import { callInAllShapes } from './calls-of-all-shapes.ts';
import { manners, sendAndLeave } from './hostile-end.ts';

/** A client whose server is hostile. */
export const clientTarget: FuzzTarget = {
  name: 'client',
  claim: 'whatever the server says, every call ends with a reply or a ClientError',
  property: (corpus) =>
    fc.asyncProperty(byteStream(corpus), manners, async (stream, how) => {
      using stray = watchStrayErrors();
      const [near, far] = createMemoryPair();
      await using channel = createChannel(near);
      const settled = callInAllShapes(createClient(EchoDefinition, channel));
      await sendAndLeave(far, stream, how);
      await settled();
      const reason = await within('the end of the connection', channel.closed);
      assert.ok(reason.error instanceof TtrpcError);
      assert.equal(channel.activeCalls, 0);
      await stray.check();
    }),
};
