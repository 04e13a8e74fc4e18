// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { combineLoggers, openProgramLog } from './program-log.ts';

test('what is logged stands in the file as one JSON object a line, also from two loggers', async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'hako-log-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const path = join(directory, 'hako.log');

  openProgramLog(path).debug({ sandbox: 'a' }, 'first');
  combineLoggers([openProgramLog(path)]).error({ error: new Error('broken') }, 'second');

  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ msg: 'first', sandbox: 'a', level: 20, pid: process.pid }),
    expect.objectContaining({
      msg: 'second',
      level: 50,
      // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- Vitest types its matchers as any
      error: expect.objectContaining({ message: 'broken' }),
    }),
  ]);
});

test('a file that cannot be opened is an error at once', () => {
  expect(() => openProgramLog('/nonexistent/hako.log')).toThrow(/ENOENT/);
});
