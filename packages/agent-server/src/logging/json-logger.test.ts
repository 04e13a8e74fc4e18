// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createJsonLogger, type LogLevel } from './json-logger.ts';

function collect(level: LogLevel) {
  const lines: unknown[] = [];
  const logger = createJsonLogger({
    level,
    version: '1.2.3',
    pid: 7,
    now: () => new Date(0),
    write: (line) => void lines.push(JSON.parse(line)),
  });
  return { lines, logger };
}

test("a line has the keys of Kata's agent, and all values are texts", () => {
  const { lines, logger } = collect('info');
  logger.warn(
    { count: 3, big: 2n ** 60n, list: [1n], error: new Error('a', { cause: 'b' }), none: undefined },
    'hello',
  );
  expect(lines).toEqual([
    {
      msg: 'hello',
      level: 'WARN',
      ts: '1970-01-01T00:00:00.000Z',
      name: 'kata-agent',
      source: 'agent',
      subsystem: 'rpc',
      pid: '7',
      version: '1.2.3',
      count: '3',
      big: '1152921504606846976',
      list: '["1"]',
      error: 'a: b',
    },
  ]);
});

test.each([
  { level: 'critical', said: [] },
  { level: 'error', said: ['ERRO'] },
  { level: 'warning', said: ['WARN', 'ERRO'] },
  { level: 'info', said: ['INFO', 'WARN', 'ERRO'] },
  { level: 'debug', said: ['DEBG', 'INFO', 'WARN', 'ERRO'] },
  { level: 'trace', said: ['DEBG', 'INFO', 'WARN', 'ERRO'] },
] as const)('at level $level $said are written', ({ level, said }) => {
  const { lines, logger } = collect(level);
  for (const name of ['debug', 'info', 'warn', 'error'] as const) logger[name]({}, 'x');
  expect(lines.map((line) => (line as { level: string }).level)).toEqual(said);
});
