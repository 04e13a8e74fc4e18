// SPDX-License-Identifier: Apache-2.0
import type { QmpClient } from '../qmp/qmp-client.ts';
import { mebibyte } from '../command-line/memory.ts';
import { virtioMemId } from './plan-virtio-mem.ts';

/** Asks the guest for another size of a virtio-mem device and waits until it has it. */
export async function resizeMemory(
  monitor: QmpClient,
  id: string,
  requestedMib: number,
  signal: AbortSignal,
): Promise<void> {
  const limits = { signal, timeoutMs: Infinity };
  const path = virtioMemId(id);
  const requestedBytes = requestedMib * mebibyte;
  using events = monitor.events(['MEMORY_DEVICE_SIZE_CHANGE'], signal);
  await monitor.execute('qom-set', { path, property: 'requested-size', value: requestedBytes }, limits);
  if ((await monitor.execute('qom-get', { path, property: 'size' }, limits)) === requestedBytes) return;
  for await (const { data } of events) if (data.id === path && data.size === requestedBytes) return;
  throw signal.reason;
}
