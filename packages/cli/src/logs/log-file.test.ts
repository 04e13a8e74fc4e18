// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';

import { temporaryDirectory } from '@hako/sandbox/testing';
import { expect, test } from 'vitest';

import { followLog } from './follow-log.ts';
import type { LogEntry } from './log-entry.ts';
import { LogFile } from './log-file.ts';

const ended = { isRunning: () => Promise.resolve(false), signal: new AbortController().signal };

async function readAll(directory: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of followLog(directory, ended)) entries.push(entry);
  return entries;
}

async function write(log: LogFile, stream: 'stdout' | 'stderr', data: string | Buffer): Promise<void> {
  const writer = log.writer(stream);
  writer.end(data);
  await once(writer, 'finish');
}

test('both outputs come back in their order, byte for byte', async () => {
  await using directory = await temporaryDirectory();
  const log = await LogFile.create(directory.path);
  const pieces = [
    ['stdout', Buffer.from('größe\n')],
    ['stderr', Buffer.from([0xff, 0x00, 0xc3])],
    ['stdout', Buffer.from('\u001b[1mbold')],
  ] as const;
  for (const [stream, data] of pieces) await write(log, stream, data);
  const read = await readAll(directory.path);
  expect(read.map(({ stream, data }) => [stream, data])).toEqual(pieces);
});

test('a log that grows too large loses its oldest part only', async () => {
  await using directory = await temporaryDirectory();
  const log = await LogFile.create(directory.path, 200);
  for (let index = 0; index < 20; index++) await write(log, 'stdout', `line ${index}`);
  const read = await readAll(directory.path);
  expect(read.at(-1)?.data.toString()).toBe('line 19');
  expect(read.length).toBeLessThan(20);
  expect(read.map(({ data }) => data.toString())).toEqual(
    Array.from({ length: read.length }, (_, index) => `line ${20 - read.length + index}`),
  );
});

test('following goes on until the sandbox has ended', async () => {
  await using directory = await temporaryDirectory();
  const log = await LogFile.create(directory.path);
  await write(log, 'stdout', 'first');
  let running = true;
  const seen: string[] = [];
  for await (const { data } of followLog(directory.path, { ...ended, isRunning: async () => running })) {
    seen.push(data.toString());
    if (seen.length === 1) await write(log, 'stdout', 'second');
    else running = false;
  }
  expect(seen).toEqual(['first', 'second']);
});
