// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { AgentClientError } from '../agent-client-error.ts';
import { OutputQueue, outputWindowBytes } from './output-queue.ts';
import { PortOutput } from './port-output.ts';

const failure = new AgentClientError('connection_closed', 'port for output was closed');

function setUp() {
  const granted: number[] = [];
  const queue = new OutputQueue((bytes) => void granted.push(bytes));
  return { granted, queue, output: new PortOutput(queue) };
}

test('what comes over the port waits for the word of the stream, and the end for all that was announced', () => {
  const { queue, output } = setUp();
  output.take(Buffer.from('ab'));
  expect(queue.ready).toBe(false);
  output.use();
  output.end(3n);
  expect(queue.take()).toEqual(Buffer.from('ab'));
  expect(queue.ready).toBe(false);
  output.take(Buffer.from('c'));
  expect([queue.take(), queue.take()]).toEqual([Buffer.from('c'), new Uint8Array(0)]);
});

test('a port that fails before the stream says that it was used ends the output where bytes are missing', () => {
  const { queue, output } = setUp();
  output.take(Buffer.from('ab'));
  output.fail(failure);
  output.use();
  output.end(3n);
  output.streamEnded(new Error('over'), { hasExited: true });
  expect(queue.take()).toEqual(Buffer.from('ab'));
  expect(() => queue.take()).toThrow(failure);
});

test('a port that fails when all has come over it does no harm', () => {
  const { queue, output } = setUp();
  output.take(Buffer.from('ab'));
  output.fail(failure);
  output.use();
  output.end(2n);
  expect([queue.take(), queue.take()]).toEqual([Buffer.from('ab'), new Uint8Array(0)]);
});

test('more credit is given once, however often the agent says that it uses the port', () => {
  const { granted, output } = setUp();
  output.use();
  output.use();
  expect(granted).toEqual([outputWindowBytes, 8 * 1024 * 1024 - outputWindowBytes]);
});
