// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../json-text.ts';
import { columns } from '../table.ts';
import type { Sample } from './sample.ts';

const nanosecondsPerSecond = 1e9;
const millisecondsPerSecond = 1000;
const unitStep = 1024;
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** Shown for what is not known, or has no limit. */
const nothing = '-';

const headings = ['NAME', 'CPU %', 'CPU TIME', 'MEMORY', 'LIMIT', 'PIDS', 'BLOCK READ', 'BLOCK WRITTEN'];

/**
 * A table of samples.
 * @param samples one per line
 * @param before earlier ones, by name: the CPU share is that of the time in between, and unknown without
 */
export function statsTable(samples: readonly Sample[], before: ReadonlyMap<string, Sample>): string {
  const rows = samples.map((sample) => {
    const { cpu, memory, pids, blockIo } = sample.stats;
    return [
      sample.name,
      share(sample, before.get(sample.name)),
      cpu === undefined ? nothing : `${(Number(cpu.totalNs) / nanosecondsPerSecond).toFixed(2)}s`,
      bytes(memory?.usageBytes),
      bytes(memory?.limitBytes),
      pids === undefined ? nothing : `${pids.current}${pids.limit === undefined ? '' : `/${pids.limit}`}`,
      bytes(blockIo?.readBytes),
      bytes(blockIo?.writtenBytes),
    ];
  });
  return columns(headings, rows);
}

/**
 * Samples for programs. Counters that a double cannot hold are text.
 * @param samples the samples
 * @param indent blanks per level; 0 makes one line
 */
export function statsJson(samples: readonly Sample[], indent: number): string {
  return jsonText(
    samples.map(({ name, stats }) => ({ name, ...stats })),
    indent,
  );
}

/** 100 % is one CPU. */
function share(now: Sample, before: Sample | undefined): string {
  const used = now.stats.cpu?.totalNs;
  const usedBefore = before?.stats.cpu?.totalNs;
  if (before === undefined || used === undefined || usedBefore === undefined) return nothing;
  const elapsedSeconds = (now.takenAtMs - before.takenAtMs) / millisecondsPerSecond;
  if (elapsedSeconds <= 0) return nothing;
  return `${((Number(used - usedBefore) / nanosecondsPerSecond / elapsedSeconds) * 100).toFixed(1)}%`;
}

function bytes(count: bigint | undefined): string {
  if (count === undefined) return nothing;
  let value = Number(count);
  let unit = 0;
  for (; value >= unitStep && unit < units.length - 1; unit++) value /= unitStep;
  return `${unit === 0 ? value : value.toFixed(1)}${units[unit] ?? ''}`;
}
