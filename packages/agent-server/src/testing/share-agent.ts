// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll } from 'vitest';
import type { TestedAgent, TestedAgentHarness } from './tested-agent.ts';

/**
 * One agent for all tests of the block it is called in, because a guest takes seconds to start. Such tests clean up after
 * themselves, or use names of their own.
 *
 * @returns gives the agent inside a test
 */
export function shareAgent({ skip, start }: Pick<TestedAgent, 'skip' | 'start'>): () => TestedAgentHarness {
  let harness: TestedAgentHarness | undefined;
  beforeAll(async () => {
    if (!skip) harness = await start();
  });
  afterAll(async () => {
    await harness?.[Symbol.asyncDispose]();
  });
  return () => {
    if (harness === undefined) throw new Error('the shared agent lives as long as its block of tests');
    return harness;
  };
}
