// SPDX-License-Identifier: Apache-2.0
import { createAgentClient, readStdoutOf } from '@hako/agent-client';
import { ociSpecToGrpc } from '@hako/protocols';
import { dial } from '@hako/ttrpc';

/** Id of the container that looks. */
const containerId = 'memory-probe';

/**
 * Reads `smaps_rollup` of process 1 in the guest: a container on the guest's own root file system gets the guest's
 * `/proc` bound to `/mnt`, since a container's own shows its own processes only.
 * @param agentSocket - `agent.sock` of the sandbox.
 */
export async function readAgentMemory(agentSocket: string): Promise<string> {
  await using agent = createAgentClient({ dial: ({ signal }) => dial(`unix://${agentSocket}`, { signal }) });
  const process = { containerId, execId: containerId };
  await agent.createContainer({
    containerId,
    execId: containerId,
    OCI: ociSpecToGrpc({
      ociVersion: '1.0.2',
      process: {
        user: { uid: 0, gid: 0 },
        args: ['/bin/cat', '/mnt/1/smaps_rollup'],
        env: ['PATH=/bin'],
        cwd: '/',
        capabilities: {
          bounding: ['CAP_SYS_PTRACE'],
          effective: ['CAP_SYS_PTRACE'],
          permitted: ['CAP_SYS_PTRACE'],
        },
      },
      root: { path: '/', readonly: true },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/mnt', type: 'bind', source: '/proc', options: ['rbind', 'ro'] },
      ],
      linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }] },
    }),
  });
  await agent.startContainer({ containerId });
  const chunks: Uint8Array[] = [];
  for await (const chunk of readStdoutOf(agent, process)) chunks.push(chunk);
  const { status } = await agent.waitProcess(process);
  await agent.removeContainer({ containerId });
  if (status !== 0) throw new Error(`reading the agent's memory failed with ${status}`);
  return Buffer.concat(chunks).toString();
}
