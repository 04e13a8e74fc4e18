// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCrunAgent, type AgentHarness } from '@hako/agent-server/testing';
import { createProxy, dial, listen } from '@hako/ttrpc';

/** A real agent on this machine. */
export interface ListeningAgent extends AsyncDisposable {
  readonly harness: AgentHarness;
  /** A directory for files of a test. */
  readonly directory: string;
  /** Where it listens. */
  readonly address: string;
  /** Where a proxy in front of it listens, as `hako run` has one. */
  readonly proxyAddress: string;
}

/** Starts an agent that makes containers with crun, on a Unix socket, and a proxy in front of it on another. */
export async function startListeningAgent(): Promise<ListeningAgent> {
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'hako-both-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const harness = undo.use(await startCrunAgent());
  const socket = (name: string): string => `unix://${join(directory, name)}`;
  const address = socket('agent.sock');
  harness.server.listen(await listen(address));
  const proxy = undo.use(createProxy({ upstream: await dial(address) }));
  const listener = undo.use(await listen(socket('proxy.sock')));
  listener.onConnection((stream) => proxy.serve(stream));
  const owned = undo.move();
  return {
    harness,
    directory,
    address,
    proxyAddress: socket('proxy.sock'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
