// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import type { VmmUsage } from './vmm-usage.ts';

/** Clock ticks per second in `/proc`: a constant of Linux's interface to programs (sysconf(3), `_SC_CLK_TCK`). */
const ticksPerSecond = 100;
const bytesPerKib = 1024;

/** Reads what a process uses from `/proc` (proc(5)). Rejects with the system's error when it is gone. */
export async function readProcessUsage(pid: number): Promise<VmmUsage> {
  const directory = `/proc/${pid}`;
  const [stat, status, io, files] = await Promise.all([
    readFile(`${directory}/stat`, 'latin1'),
    readFile(`${directory}/status`, 'latin1'),
    readFile(`${directory}/io`, 'latin1').catch(() => ''),
    readdir(`${directory}/fd`),
  ]);
  // The second field is the program's name in brackets, which may hold anything. User and system time follow as 14, 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const readBytes = field(io, 'read_bytes');
  const writtenBytes = field(io, 'write_bytes');
  return {
    threads: field(status, 'Threads') ?? 0,
    openFiles: files.length,
    residentBytes: (field(status, 'VmRSS') ?? 0) * bytesPerKib,
    virtualBytes: (field(status, 'VmSize') ?? 0) * bytesPerKib,
    userSeconds: Number(fields[11]) / ticksPerSecond,
    systemSeconds: Number(fields[12]) / ticksPerSecond,
    ...(readBytes !== undefined && { readBytes }),
    ...(writtenBytes !== undefined && { writtenBytes }),
  };
}

function field(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
