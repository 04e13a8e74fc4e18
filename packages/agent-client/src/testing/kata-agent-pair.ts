// SPDX-License-Identifier: Apache-2.0
import { createSocketPair } from '@hako/ttrpc';
import { createKataAgent, type KataAgent } from '../kata-agent/kata-agent.ts';
import { createFakeAgent, type FakeAgent } from './fake-agent.ts';

/** What time it is for agents of {@link connectKataAgent}. */
export const fakeNow = new Date(1_234_567);

/** An agent of the host and a fake one of a guest. */
export interface KataAgentPair extends AsyncDisposable {
  readonly fake: FakeAgent;
  readonly agent: KataAgent;
  /** The URLs it has dialed. */
  readonly dials: readonly string[];
}

/**
 * Connects the two over real pairs of sockets, one per dial.
 *
 * @param program - what processes in the fake guest do
 */
export function connectKataAgent(program: () => number | undefined = () => 0): KataAgentPair {
  const fake = createFakeAgent({ program });
  const dials: string[] = [];
  const agent = createKataAgent({
    now: () => fakeNow,
    dialUrl: (url) => async () => {
      dials.push(url);
      const [near, far] = await createSocketPair();
      fake.serve(far);
      return near;
    },
  });
  agent.load({ url: 'vsock://3:1024' });
  return {
    fake,
    agent,
    dials,
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
}
