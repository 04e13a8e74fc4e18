// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Knows which processes libuv waits for in this thread. */
export interface LibuvChildren extends Disposable {
  has(pid: number): boolean;
}

const channel = 'child_process'; // Node's built-in channel, published for every ChildProcess

/**
 * Follows the processes that this thread starts through child_process. Node announces each of them inside the
 * synchronous call that forks it, so a pid is known here before any other JavaScript can meet its zombie.
 *
 * @param onExit called when libuv has taken the exit of one of them.
 */
export function trackLibuvChildren(onExit: () => void): LibuvChildren {
  // A ChildProcess is announced before it has its pid: keep the object and ask it.
  const children = new Set<ChildProcess>();
  const onSpawn = (message: unknown): void => {
    const child = childOf(message);
    if (child === undefined) return;
    children.add(child);
    const forget = (): void => {
      child.off('exit', forget).off('error', forgetUnstarted);
      if (children.delete(child)) onExit();
    };
    const forgetUnstarted = (): void => {
      if (child.pid === undefined) forget();
    };
    child.on('exit', forget).on('error', forgetUnstarted);
  };
  subscribe(channel, onSpawn);
  return {
    has(pid) {
      for (const child of children) if (child.pid === pid) return true;
      return false;
    },
    [Symbol.dispose]() {
      unsubscribe(channel, onSpawn);
      children.clear();
    },
  };
}

function childOf(message: unknown): ChildProcess | undefined {
  if (typeof message !== 'object' || message === null || !('process' in message)) return undefined;
  return isChildProcess(message.process) ? message.process : undefined;
}

function isChildProcess(value: unknown): value is ChildProcess {
  return typeof value === 'object' && value !== null && 'spawn' in value && 'on' in value;
}
