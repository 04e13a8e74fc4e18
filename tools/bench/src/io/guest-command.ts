// SPDX-License-Identifier: Apache-2.0
import { createAgentClient, type AgentClient } from '@hako/agent-client';
import { ociSpecToGrpc } from '@hako/protocols';
import { dial } from '@hako/ttrpc';

/** A client of the agent of a sandbox, over its `agent.sock`. */
export function connectAgent(sandboxDirectory: string): AgentClient {
  return createAgentClient({
    dial: ({ signal }) => dial(`unix://${sandboxDirectory}/agent.sock`, { signal }),
  });
}

/**
 * Runs a shell script on the guest's own root file system, with its devices, past everything that makes a container's life
 * different from that of a program of the guest.
 *
 * @returns what it has printed
 */
export async function runInGuest(agent: AgentClient, id: string, script: string): Promise<string> {
  const process = { containerId: id, execId: id };
  await agent.createContainer({
    ...process,
    OCI: ociSpecToGrpc({
      ociVersion: '1.0.2',
      process: {
        user: { uid: 0, gid: 0 },
        args: ['/bin/sh', '-c', `exec 2>&1; ${script}`],
        env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'],
        cwd: '/',
      },
      root: { path: '/', readonly: true },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev', type: 'bind', source: '/dev', options: ['rbind'] },
        { destination: '/sys', type: 'bind', source: '/sys', options: ['rbind', 'ro'] },
        { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
      ],
      linux: {
        namespaces: [{ type: 'mount' }, { type: 'pid' }],
        resources: { devices: [{ allow: true, access: 'rwm' }] },
      },
    }),
  });
  await agent.startContainer({ containerId: id });
  const attached = agent.attachProcess(process);
  attached.discard('stderr');
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await attached.read('stdout');
    if (piece.length === 0) break;
    pieces.push(piece);
  }
  const exitCode = await attached.wait();
  await agent.removeContainer({ containerId: id });
  const printed = Buffer.concat(pieces).toString();
  if (exitCode !== 0) throw new Error(`a script in the guest ended with ${exitCode}: ${printed}`);
  return printed;
}
