// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { defaultMemoryAgentOptions } from '../config/agent-options.ts';
import { createMemoryAgent } from './memory-agent.ts';

function collect() {
  const warnings: string[] = [];
  const ignore = () => undefined;
  const warn = (_fields: object, message: string) => void warnings.push(message);
  return { warnings, logger: { debug: ignore, info: ignore, warn, error: ignore } };
}

test('settings that are given change, the others stay, and the log says that nothing follows from them', () => {
  const { warnings, logger } = collect();
  const agent = createMemoryAgent(defaultMemoryAgentOptions(), logger);
  agent.change({ memcgSwap: true, memcgPeriodSecs: undefined, compactSecMax: -1n });
  expect(agent.settings).toEqual({ ...defaultMemoryAgentOptions(), memcgSwap: true, compactSecMax: -1n });
  expect(warnings).toEqual(Array(2).fill(expect.stringContaining('without effect')));
});

test('a memory agent that is off says nothing and takes nothing', () => {
  const { warnings, logger } = collect();
  const agent = createMemoryAgent(undefined, logger);
  expect(() => agent.change({})).toThrow(
    expect.objectContaining({ code: Status.INTERNAL, details: 'mem-agent is disabled' }),
  );
  expect(agent.settings).toBeUndefined();
  expect(warnings).toEqual([]);
});
