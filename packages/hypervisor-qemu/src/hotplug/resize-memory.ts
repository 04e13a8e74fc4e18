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
  const events = monitor.events();
  const stop = () => events.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await monitor.execute('qom-set', { path, property: 'requested-size', value: requestedBytes }, limits);
    if ((await monitor.execute('qom-get', { path, property: 'size' }, limits)) === requestedBytes) return;
    for await (const event of events) {
      if (event.event !== 'MEMORY_DEVICE_SIZE_CHANGE' || event.data.id !== path) continue;
      if (event.data.size === requestedBytes) return;
    }
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', stop);
    events.close();
  }
}
