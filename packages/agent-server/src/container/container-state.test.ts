// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { GuestProcess } from '../process/guest-process.ts';
import { FakeProcess } from '../testing/fake-process.ts';
import { type ContainerEvent, type ContainerState, nextState } from './container-state.ts';

const init = new GuestProcess('c1', new FakeProcess(1, [], false));
const status = { exitCode: 3 };
const done = Promise.resolve();
const states: Record<ContainerState['kind'], ContainerState> = {
  created: { kind: 'created', init },
  starting: { kind: 'starting', init },
  running: { kind: 'running', init },
  paused: { kind: 'paused', init, before: 'running' },
  exited: { kind: 'exited', status },
  destroying: { kind: 'destroying', done, before: { kind: 'running', init } },
  destroyed: { kind: 'destroyed' },
};
const events: Record<ContainerEvent['kind'], ContainerEvent> = {
  start: { kind: 'start' },
  started: { kind: 'started' },
  start_failed: { kind: 'start_failed' },
  pause: { kind: 'pause' },
  resume: { kind: 'resume' },
  init_exited: { kind: 'init_exited', status },
  destroy: { kind: 'destroy', done },
  destroyed: { kind: 'destroyed' },
  destroy_failed: { kind: 'destroy_failed' },
};

/** For each event what becomes of each state; a state that is not named refuses it. */
const table: Record<
  ContainerEvent['kind'],
  Partial<Record<ContainerState['kind'], ContainerState['kind']>>
> = {
  start: { created: 'starting' },
  started: {
    created: 'created',
    starting: 'running',
    running: 'running',
    paused: 'paused',
    exited: 'exited',
    destroying: 'destroying',
    destroyed: 'destroyed',
  },
  start_failed: {
    created: 'created',
    starting: 'created',
    running: 'running',
    paused: 'paused',
    exited: 'exited',
    destroying: 'destroying',
    destroyed: 'destroyed',
  },
  pause: { created: 'paused', running: 'paused' },
  resume: { paused: 'running' },
  init_exited: {
    created: 'exited',
    starting: 'exited',
    running: 'exited',
    paused: 'exited',
    exited: 'exited',
    destroying: 'destroying',
    destroyed: 'destroyed',
  },
  destroy: {
    created: 'destroying',
    starting: 'destroying',
    running: 'destroying',
    paused: 'destroying',
    exited: 'destroying',
  },
  destroyed: { destroying: 'destroyed' },
  destroy_failed: { destroying: 'running' },
};

test.each(
  Object.values(events).flatMap((event) =>
    Object.values(states).map((state) => ({ event, state, next: table[event.kind][state.kind] })),
  ),
)('$event.kind makes of $state.kind $next', ({ event, state, next }) => {
  if (next === undefined) {
    expect(() => nextState('c1', state, event)).toThrow(
      `cannot ${event.kind} container c1: it is ${state.kind}`,
    );
  } else expect(nextState('c1', state, event).kind).toBe(next);
});

test('a container that was paused before its start can still be started', () => {
  const paused = nextState('c1', states.created, events.pause);
  expect(nextState('c1', paused, events.resume)).toEqual(states.created);
});

test('a container that could not be destroyed remembers that its first process is gone', () => {
  const destroying = nextState('c1', states.destroying, events.init_exited);
  expect(nextState('c1', destroying, events.destroy_failed)).toEqual({ kind: 'exited', status });
});
