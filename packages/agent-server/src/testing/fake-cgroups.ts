// SPDX-License-Identifier: Apache-2.0
import type { Cgroups, LimitProblem } from '../cgroup/container-cgroup.ts';
import type { LenientLimits } from '../cgroup/sort-resources.ts';

/** A cgroup that only takes notes. */
export interface FakeCgroup {
  isFrozen: boolean;
  /** Limits that were set, in their order. */
  readonly limits: LenientLimits[];
  /** CPUs the groups above were given. */
  readonly parentCpus: string[];
  /** What the next setting of limits answers. */
  problems: readonly LimitProblem[];
  /** Thrown by the next freeze. */
  failure: Error | undefined;
  /** Kills a process for want of memory, as far as counters and events go. */
  runOutOfMemory(): void;
}

/** Cgroups in memory. */
export interface FakeCgroups extends Cgroups {
  /** The cgroup of a path. */
  at(path: string): FakeCgroup;
}

interface State extends FakeCgroup {
  oomKills: bigint;
  readonly callbacks: Set<() => void>;
}

function createState(): State {
  const callbacks = new Set<() => void>();
  const state: State = {
    isFrozen: false,
    limits: [],
    parentCpus: [],
    problems: [],
    failure: undefined,
    oomKills: 0n,
    callbacks,
    runOutOfMemory() {
      state.oomKills += 1n;
      for (const callback of callbacks) callback();
    },
  };
  return state;
}

/**
 * {@link FakeCgroups} of version 2.
 *
 * @param killAll - ends the processes in the cgroup of a path
 */
export function createFakeCgroups(killAll: (path: string) => void): FakeCgroups {
  const states = new Map<string, State>();
  function at(path: string): State {
    const state = states.get(path) ?? createState();
    states.set(path, state);
    return state;
  }
  return {
    version: 2,
    at,
    open(path) {
      const state = at(path);
      return {
        stats: () =>
          Promise.resolve({
            cpuStats: undefined,
            memoryStats: undefined,
            pidsStats: { current: 1n, limit: 0n },
            blkioStats: undefined,
            hugetlbStats: {},
          }),
        limit(limits) {
          state.limits.push(limits);
          return Promise.resolve(state.problems);
        },
        widenParents(cpus) {
          state.parentCpus.push(cpus);
          return Promise.resolve([]);
        },
        freeze() {
          const { failure } = state;
          state.failure = undefined;
          if (failure !== undefined) return Promise.reject(failure);
          state.isFrozen = true;
          return Promise.resolve();
        },
        thaw() {
          state.isFrozen = false;
          return Promise.resolve();
        },
        oomKills: () => Promise.resolve(state.oomKills),
        onMemoryEvent(callback) {
          state.callbacks.add(callback);
          return { [Symbol.dispose]: () => void state.callbacks.delete(callback) };
        },
        killAll() {
          killAll(path);
          state.isFrozen = false;
          return Promise.resolve();
        },
        remove: () => Promise.resolve(),
      };
    },
  };
}
