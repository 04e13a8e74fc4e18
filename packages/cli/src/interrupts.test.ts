// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import type { EndSignal } from './console-streams.ts';
import { watchInterrupts } from './interrupts.ts';

function setUp() {
  const handlers = new Map<EndSignal, () => void>();
  const interrupts = watchInterrupts((name, handler) => {
    handlers.set(name, handler);
    return () => handlers.delete(name);
  });
  const heard: string[] = [];
  const workload = {
    forward: (name: EndSignal): void => void heard.push(name),
    tearDown: (): void => void heard.push('torn down'),
  };
  return { interrupts, heard, workload, send: (name: EndSignal) => handlers.get(name)?.(), handlers };
}

test('the first signal goes to the workload, the second one ends it, and nobody listens afterwards', () => {
  const { interrupts, heard, workload, send, handlers } = setUp();
  interrupts.handOver(workload);
  expect(heard).toEqual([]);
  send('SIGTERM');
  expect([heard, interrupts.exitCode]).toEqual([['SIGTERM'], undefined]);
  send('SIGINT');
  expect([heard, interrupts.exitCode]).toEqual([['SIGTERM', 'torn down'], 130]);
  interrupts[Symbol.dispose]();
  expect(handlers.size).toBe(0);
});

test('a signal that came too late to keep the workload from running ends it when it runs', () => {
  const { interrupts, heard, workload, send } = setUp();
  send('SIGTERM');
  expect([interrupts.signal.aborted, interrupts.exitCode]).toEqual([true, 143]);
  interrupts.handOver(workload);
  expect(heard).toEqual(['torn down']);
  interrupts[Symbol.dispose]();
});
