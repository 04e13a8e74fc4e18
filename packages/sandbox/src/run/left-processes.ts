// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { identifyProcess, isAlive, runDirectoryVariable, type ProcessIdentity } from '@hako/hypervisor';

/** A killed process that holds much memory takes a while to give it back. */
const killTimeoutMs = 15_000;
const pollIntervalMs = 5;

/**
 * Kills the processes that a sandbox started and that outlived their owner, and waits until they are gone. They are known by
 * a variable of their environment, which names the run directory they were started for. The kernel kills them with their owner
 * as a rule; one that was just being started may escape it.
 * @param directory run directory as its owner called it
 * @returns whether none is left
 */
export async function endLeftProcesses(directory: string): Promise<boolean> {
  const limitMs = performance.now() + killTimeoutMs;
  // One that is killed while it starts another one leaves that behind: so until none is found any more.
  for (;;) {
    const left = await processesOf(directory);
    if (left.length === 0) return true;
    for (const { pid } of left) kill(pid);
    for (const identity of left) {
      while (await isAlive(identity)) {
        if (performance.now() > limitMs) return false;
        await delay(pollIntervalMs);
      }
    }
    if (performance.now() > limitMs) return false;
  }
}

/**
 * Finds the processes that were started for a run directory.
 * @param directory run directory
 */
export async function processesOf(directory: string): Promise<readonly ProcessIdentity[]> {
  const mark = `${runDirectoryVariable}=${directory}`;
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const pid = Number(name);
      if (!Number.isSafeInteger(pid) || pid === process.pid) return undefined;
      // Identified first: a process that takes its number afterwards is another one.
      const identity = await identifyProcess(pid);
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(mark) ? identity : undefined;
    }),
  );
  return found.filter((identity) => identity !== undefined);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
