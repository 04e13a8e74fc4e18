// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { SharedMount } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { Logger } from '../logging/logger.ts';
import type { GuestSystem } from '../system/guest-system.ts';
import { mountAt, parseMountTable } from '../system/mount-table.ts';
import type { Container } from './container.ts';

/** By these the runtime of the node names a container. */
const nameAnnotations = ['io.kubernetes.cri.container-name', 'io.kubernetes.cri-o.ContainerName'] as const;
/** As upstream. */
const waitMs = 10_000;
const pollMs = 100;

/** What shared mounts are made with. */
export interface SharedMountTools {
  readonly system: GuestSystem;
  readonly logger: Logger;
}

function findByName(containers: readonly Container[], name: string): Container | undefined {
  return containers.find(({ spec }) => nameAnnotations.some((key) => spec.annotations?.[key] === name));
}

/** Whether something is mounted at a path of a process's namespace; false for a process that has gone. */
async function isMounted(pid: number, path: string): Promise<boolean> {
  try {
    return mountAt(parseMountTable(await readFile(`/proc/${pid}/mountinfo`, 'utf8')), path) !== undefined;
  } catch (error) {
    const code = errnoName(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return false;
    throw error;
  }
}

async function waitForMount(pid: number, path: string, signal: AbortSignal): Promise<boolean> {
  const deadlineMs = performance.now() + waitMs;
  while (!(await isMounted(pid, path))) {
    if (performance.now() >= deadlineMs) return false;
    await delay(pollMs, undefined, { signal });
  }
  return true;
}

/**
 * Shows mounts of other containers of the sandbox in one that is about to start. As upstream, an entry whose source does not
 * exist, or does not appear in time, is left out.
 *
 * @param containers - those that are there
 * @throws AgentError `storage_failed` when a mount that is there cannot be shared; the reason of the signal
 */
export async function attachSharedMounts(
  { system, logger }: SharedMountTools,
  containers: readonly Container[],
  { id, initPid }: Pick<Container, 'id' | 'initPid'>,
  mounts: readonly SharedMount[],
  signal: AbortSignal,
): Promise<void> {
  for (const { name, srcCtr, srcPath, dstPath } of mounts) {
    const fields = { 'container-id': id, mount: name, source: srcCtr, path: srcPath };
    const source = findByName(containers, srcCtr);
    if (source === undefined) {
      logger.warn(fields, 'shared mount is skipped: no such container');
      continue;
    }
    if (!(await waitForMount(source.initPid, srcPath, signal))) {
      logger.warn(fields, 'shared mount is skipped: nothing is mounted there');
      continue;
    }
    try {
      system.shareMount({ pid: source.initPid, path: srcPath }, { pid: initPid, path: dstPath });
    } catch (error) {
      const problem = `mount ${srcPath} of ${srcCtr} cannot be shared at ${dstPath}`;
      throw new AgentError('storage_failed', problem, { operand: srcPath, cause: error });
    }
  }
}
