// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

/** Names one process for good: a process id alone is reused after a while. */
export interface ProcessIdentity {
  /** Process id. */
  readonly pid: number;
  /** Start time in clock ticks after boot: field 22 of `/proc/PID/stat`, see proc(5). */
  readonly startTicks: string;
}

/** Fields of `/proc/PID/stat` after the command name begin with number 3. */
const firstFieldAfterName = 3;
const stateField = 3;
const startTimeField = 22;

/**
 * Reads who a process is, or `undefined` when there is none (a zombie counts as none).
 * @param pid process id
 */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name is in parentheses and may itself contain blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = fields[startTimeField - firstFieldAfterName];
  if (startTicks === undefined || fields[stateField - firstFieldAfterName] === 'Z') return undefined;
  return { pid, startTicks };
}

/**
 * Tells whether that very process still runs.
 * @param identity as read by {@link identifyProcess} earlier
 */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid);
  return now?.startTicks === identity.startTicks;
}

/**
 * Tells whether a value of a record can name a process.
 * @param value of any shape
 */
export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    Number.isSafeInteger(value.pid) &&
    'startTicks' in value &&
    typeof value.startTicks === 'string'
  );
}

/** Environment variable by which the processes of a virtual machine name the run directory they were started for. */
export const runDirectoryVariable = 'HAKO_RUN_DIRECTORY';
