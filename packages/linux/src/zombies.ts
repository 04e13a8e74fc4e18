// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Pids of this process's children, dead or alive. Kernels without `/proc/PID/task/TID/children`
 * (CONFIG_PROC_CHILDREN) are asked process by process.
 */
export function listChildren(state: 'zombies' | 'all' = 'all'): number[] {
  return (
    childrenOfTasks() ??
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  ).filter((pid) => {
    const status = statOf(pid);
    return status?.parentPid === process.pid && (state === 'all' || status.state === 'Z');
  });
}

function childrenOfTasks(): number[] | undefined {
  try {
    return readdirSync('/proc/self/task')
      .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'latin1').split(' '))
      .filter((pid) => pid !== '')
      .map(Number);
  } catch {
    return undefined; // the file is missing, or a thread ended meanwhile: ask every process
  }
}

function statOf(pid: number): { state: string; parentPid: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parentPid = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parentPid: Number(parentPid) };
  } catch {
    return undefined; // gone meanwhile
  }
}
