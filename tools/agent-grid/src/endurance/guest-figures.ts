// SPDX-License-Identifier: Apache-2.0
import { shellOutput, type TestedAgentHarness } from '@hako/agent-server/testing';

/** What an agent holds in its guest, counted by the guest's kernel. */
export interface GuestFigures {
  /** Open files of the agent. */
  readonly fds: number;
  /** Threads of the agent. */
  readonly threads: number;
  /** Processes with a program, zombies too; kernel threads do not count. */
  readonly processes: number;
  readonly cgroups: number;
  readonly mounts: number;
  /** Files in the agent's own directories. */
  readonly files: number;
  /** Resident memory of the agent. */
  readonly rssKib: number;
}

/** A kernel thread is a child of process 2. */
const script = `
processes=0
for dir in /proc/[0-9]*; do
  parent=
  while read -r key value; do [ "$key" = PPid: ] && parent=$value && break; done 2> /dev/null < $dir/status
  [ -n "$parent" ] && [ "$parent" != 2 ] && [ "$dir" != /proc/2 ] && processes=$((processes + 1))
done
echo fds $(ls /proc/1/fd | wc -l)
echo threads $(ls /proc/1/task | wc -l)
echo processes $processes
echo cgroups $(find /sys/fs/cgroup -type d | wc -l)
echo mounts $(wc -l < /proc/mounts)
echo files $(find /run/hako-agent /run/kata-containers /run/sandbox-ns -xdev 2> /dev/null | wc -l)
while read -r key value unit; do [ "$key" = VmRSS: ] && echo rssKib $value; done < /proc/1/status
true
`;

/** Counts. The processes of counting itself are in every count alike. */
export async function countInGuest(harness: Pick<TestedAgentHarness, 'shell'>): Promise<GuestFigures> {
  const lines = (await shellOutput(harness, script)).trim().split('\n');
  const found = new Map(
    lines.map((line) => line.split(' ')).map(([key = '', value]) => [key, Number(value)]),
  );
  const figure = (name: keyof GuestFigures): number => found.get(name) ?? NaN;
  return {
    fds: figure('fds'),
    threads: figure('threads'),
    processes: figure('processes'),
    cgroups: figure('cgroups'),
    mounts: figure('mounts'),
    files: figure('files'),
    rssKib: figure('rssKib'),
  };
}
