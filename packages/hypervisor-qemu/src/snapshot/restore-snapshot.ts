// SPDX-License-Identifier: Apache-2.0
import { open, readFile } from 'node:fs/promises';
import { HypervisorError } from '@hako/hypervisor';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { stateFd, type VmmProcess } from '../process/vmm-process.ts';
import { copyExtents, openGuestMemory } from './guest-memory.ts';
import { migrate } from './migration.ts';
import { readIndex, snapshotFiles } from './snapshot-files.ts';

/** What {@link restoreSnapshot} fills, and from what. */
export interface RestoreRequest {
  readonly monitor: QmpClient;
  readonly process: VmmProcess;
  readonly directory: string;
}

/**
 * Gives a QEMU that waits for a machine (`-incoming defer`) the memory and the state of a snapshot. The memory is a copy
 * of its own: other processes may map it, and nothing is shared with other machines from the same snapshot.
 *
 * @throws HypervisorError `snapshot_unusable` | `monitor_failed` | the signal's reason
 */
export async function restoreSnapshot(request: RestoreRequest, signal: AbortSignal): Promise<void> {
  const { monitor, process, directory } = request;
  const files = snapshotFiles(directory);
  const { memoryBytes, extents } = await readIndex(files);
  await using guest = await openGuestMemory(process.pid);
  const { size } = await guest.stat();
  if (size !== memoryBytes) {
    throw new HypervisorError(
      'snapshot_unusable',
      `snapshot ${directory} has ${memoryBytes} bytes of memory, the machine ${size}`,
      { operand: directory },
    );
  }
  await using saved = await open(files.memory, 'r');
  await copyExtents(saved, guest, extents, signal);
  // Some hundred kilobytes. QEMU closes its end once it has read the last one, and says by itself what went wrong.
  process.stateInput.on('error', () => undefined).end(await readFile(files.state, { signal }));
  await migrate(monitor, 'migrate-incoming', `fd:${stateFd}`, signal);
}
