// SPDX-License-Identifier: Apache-2.0
import type { MemoryDump, VmConfig, VmExit } from '@hako/hypervisor';
import { describeExit, endVmm, releaseVmm, type RunningVmm } from '../running-vmm.ts';
import { dumpGuestMemory } from './dump-guest-memory.ts';
import { removeUnfinished } from './dump-place.ts';

const endTimeoutMs = 5_000;

/** A machine whose guest has panicked, and what is to be done with it. */
export interface PanickedMachine {
  readonly live: RunningVmm;
  readonly config: VmConfig;
  readonly dump: MemoryDump;
  /** Told why there is no dump. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Writes the memory of a guest that has panicked and stands still, and ends its machine; it ends without if that fails or is
 * given up. There is one dump of a machine, whatever its guest does: it does not run any more. Never rejects.
 *
 * @param signal - Gives the dump up.
 */
export async function endPanicked(
  { live, config, dump, onFailure }: PanickedMachine,
  signal: AbortSignal,
): Promise<VmExit> {
  const memoryDumpPath = await dumpGuestMemory({ monitor: live.monitor, config, dump }, signal).catch(
    (error: unknown) => {
      onFailure(error);
      return undefined;
    },
  );
  const { end } = await endVmm(live, endTimeoutMs);
  if (memoryDumpPath === undefined) await removeUnfinished(dump.directory, config.id);
  await releaseVmm(live);
  const exit = describeExit(live, end);
  return { ...exit, reason: 'guest_panicked', ...(memoryDumpPath !== undefined && { memoryDumpPath }) };
}
