// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { defaultMemoryAgentOptions, defaultOptions } from './agent-options.ts';
import { announcement } from './announce.ts';

test('the first line tells the effective values', () => {
  const options = { ...defaultOptions(), hotplugTimeoutMs: 7_000 };
  expect(announcement(options, 'unix:///a')).toEqual({
    'api-version': '0.0.1',
    'init-mode': false,
    'ready-after-ms': expect.any(Number) as unknown,
    address: 'unix:///a',
    config: options,
    'without-effect': undefined,
  });
});

test('the first line names what was set in vain', () => {
  const options = {
    ...defaultOptions(),
    devMode: true,
    memAgent: defaultMemoryAgentOptions(),
    tracing: true,
  };
  expect(announcement(options, '')).toMatchObject({ 'without-effect': ['devMode', 'memAgent'] });
});
