// SPDX-License-Identifier: Apache-2.0
import type { Figures } from '../frame/benchmark.ts';
import { fioPath } from './fio-image.ts';

/** A kind of access that is measured. */
export interface Access {
  readonly name: string;
  readonly title: string;
  readonly pattern: 'read' | 'write' | 'randread' | 'randwrite';
  readonly blockBytes: number;
}

/** What files are asked for: long pieces one after the other, short ones anywhere. */
export const accesses: readonly Access[] = [
  { name: 'seq-read', title: 'Sequential read, 128 KiB', pattern: 'read', blockBytes: 128 * 1024 },
  { name: 'seq-write', title: 'Sequential write, 128 KiB', pattern: 'write', blockBytes: 128 * 1024 },
  { name: 'rand-read', title: 'Random read, 4 KiB', pattern: 'randread', blockBytes: 4 * 1024 },
  { name: 'rand-write', title: 'Random write, 4 KiB', pattern: 'randwrite', blockBytes: 4 * 1024 },
];

const fileMib = 64;

/**
 * The words of fio(1) for one measurement: one thread with ordinary reads and writes. What the reader's kernel has of the file
 * is dropped first. Writes are flushed at the end, outside of the time.
 */
export function fioCommand({ pattern, blockBytes }: Access, directory: string, seconds: number): string[] {
  return [
    fioPath,
    '--name=hako',
    `--filename=${directory}/fio.data`,
    `--rw=${pattern}`,
    `--bs=${blockBytes}`,
    `--size=${fileMib}m`,
    '--ioengine=psync',
    '--invalidate=1',
    ...(pattern.endsWith('write') ? ['--end_fsync=1'] : []),
    '--time_based',
    `--runtime=${seconds}`,
    '--thread',
    '--randrepeat=1',
    '--output-format=json',
  ];
}

interface Direction {
  readonly bw_bytes: number;
  readonly iops: number;
  readonly clat_ns: { readonly percentile?: Readonly<Record<string, number>> };
}

interface Report {
  readonly jobs: readonly { readonly error: number; readonly read: Direction; readonly write: Direction }[];
}

/** Reads what fio has printed. Throws when it has measured nothing. */
export function readFio(text: string, { pattern }: Pick<Access, 'pattern'>): Figures {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the format of fio(1), looked at as it is used
  const report = JSON.parse(text.slice(text.indexOf('{'))) as Report;
  const [job] = report.jobs;
  if (job?.error !== 0) throw new Error(`fio has failed: ${text.slice(0, 400)}`);
  const seen = pattern.endsWith('read') ? job.read : job.write;
  const p99Ns = seen.clat_ns.percentile?.['99.000000'];
  if (p99Ns === undefined) throw new Error('fio has no 99th percentile');
  return { rate: seen.bw_bytes / 1e6, operations: seen.iops, p99: p99Ns / 1000 };
}
