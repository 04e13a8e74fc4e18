// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';

import { findSandbox, isRunning, SandboxError } from '@hako/sandbox';

import { adoptIfOrphaned } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { followLog } from '../logs/follow-log.ts';

/**
 * `hako logs`: what a detached workload printed, standard output to ours and standard error to ours.
 * @param id the sandbox
 * @param follow go on until the workload has ended
 * @param components the program's world
 */
export async function logs(id: string, follow: boolean, components: CliComponents): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  // What is printed goes into the log as long as somebody owns the sandbox.
  const listing = follow ? await adoptIfOrphaned(id, components, interrupts.signal) : await findSandbox(id);
  const isRunning = async (): Promise<boolean> => follow && (await stillRuns(listing.id));
  for await (const { stream, data } of followLog(listing.directory, {
    isRunning,
    signal: interrupts.signal,
  })) {
    const destination = components[stream];
    if (!destination.write(data)) await once(destination, 'drain');
  }
  return interrupts.exitCode ?? 0;
}

async function stillRuns(id: string): Promise<boolean> {
  try {
    const found = await findSandbox(id);
    return found.status === 'starting' || isRunning(found);
  } catch (error) {
    if (error instanceof SandboxError && error.code === 'sandbox_not_found') return false;
    throw error;
  }
}
