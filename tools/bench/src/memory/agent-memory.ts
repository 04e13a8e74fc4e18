// SPDX-License-Identifier: Apache-2.0
import { connectAgent, runInGuest } from '../guest/guest-program.ts';

const ptrace = ['CAP_SYS_PTRACE'];

/**
 * Reads `smaps_rollup` of process 1 in the guest, whose `/proc` is bound to `/mnt`: a container's own shows its own processes
 * only.
 *
 * @param sandboxDirectory - where its `agent.sock` is
 */
export async function readAgentMemory(sandboxDirectory: string): Promise<string> {
  await using agent = connectAgent(sandboxDirectory);
  return await runInGuest(agent, {
    id: 'memory-probe',
    args: ['/bin/cat', '/mnt/1/smaps_rollup'],
    mounts: [{ destination: '/mnt', type: 'bind', source: '/proc', options: ['rbind', 'ro'] }],
    capabilities: { bounding: ptrace, effective: ptrace, permitted: ptrace },
  });
}
