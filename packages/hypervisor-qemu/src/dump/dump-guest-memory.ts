// SPDX-License-Identifier: Apache-2.0
import { rename } from 'node:fs/promises';
import { HypervisorError, openDeadline, type MemoryDump, type VmConfig } from '@hako/hypervisor';
import { mebibyte } from '../command-line/memory.ts';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { prepareDumpPlace, unfinished } from './dump-place.ts';

/** Limit for a machine of no memory, and what is added for each MiB: a disk that takes less than 20 MiB/s is too slow. */
const baseTimeoutMs = 30_000;
const timeoutMsPerMib = 50;

/** What {@link dumpGuestMemory} writes, and where to. */
export interface DumpRequest {
  /** Of a machine that stands still. */
  readonly monitor: QmpClient;
  readonly config: VmConfig;
  readonly dump: MemoryDump;
}

/**
 * Writes a guest's memory and what is known of its machine. Bounded in time, by the size of the memory. The file has its name
 * once it is whole; on failure and abort QEMU may be writing on, and what it writes is for {@link removeUnfinished}.
 *
 * @returns path of the memory
 * @throws HypervisorError `unsupported` without room for twice the memory | `monitor_failed` when QEMU gives up | `timeout` | the
 *   signal's reason. QmpError and errors of the file system pass.
 */
export async function dumpGuestMemory(
  { monitor, config, dump }: DumpRequest,
  caller: AbortSignal,
): Promise<string> {
  const sizes = await monitor.execute('query-memory-size-summary', {}, { signal: caller });
  const memoryBytes = sizes['base-memory'] + (sizes['plugged-memory'] ?? 0);
  const timeoutMs = baseTimeoutMs + (memoryBytes / mebibyte) * timeoutMsPerMib;
  using deadline = openDeadline(`memory dump of vm ${config.id}`, { signal: caller }, timeoutMs);
  const { signal } = deadline;
  const { qemu, package: build } = await monitor.execute('query-version', {}, { signal });
  const version = `QEMU ${qemu.major}.${qemu.minor}.${qemu.micro} ${build}`.trim();
  const corePath = await prepareDumpPlace(dump.directory, { config, version }, memoryBytes, signal);
  const partPath = `${corePath}${unfinished}`;
  await writeCore(monitor, partPath, dump.paging ?? false, signal);
  await rename(partPath, corePath);
  return corePath;
}

/** QEMU writes beside its work, so that it can be ended meanwhile, and says when it is done. */
async function writeCore(
  monitor: QmpClient,
  path: string,
  paging: boolean,
  signal: AbortSignal,
): Promise<void> {
  using events = monitor.events(['DUMP_COMPLETED'], signal);
  const request = { paging, protocol: `file:${path}`, detach: true, format: 'elf' } as const;
  await monitor.execute('dump-guest-memory', request, { signal, timeoutMs: Infinity });
  for await (const { data } of events) {
    if (data.result.status === 'completed') return;
    throw new HypervisorError('monitor_failed', `memory dump failed: ${data.error ?? data.result.status}`, {
      operand: 'dump-guest-memory',
    });
  }
  throw signal.reason;
}
