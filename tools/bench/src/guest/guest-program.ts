// SPDX-License-Identifier: Apache-2.0
import { createAgentClient, readStdoutOf, type AgentClient } from '@hako/agent-client';
import { ociSpecToGrpc, type OciCapabilities, type OciMount, type OciResources } from '@hako/protocols';
import { dial } from '@hako/ttrpc';

/** A program on the guest's own root file system. */
export interface GuestProgram {
  /** Of its container. */
  readonly id: string;
  readonly args: string[];
  /** Beside a `/proc` of its own. */
  readonly mounts: readonly OciMount[];
  /** Default: none. */
  readonly capabilities?: OciCapabilities;
  readonly resources?: OciResources;
}

/** A client of the agent of a sandbox, over its `agent.sock`. */
export function connectAgent(sandboxDirectory: string): AgentClient {
  return createAgentClient({
    dial: ({ signal }) => dial(`unix://${sandboxDirectory}/agent.sock`, { signal }),
  });
}

/**
 * Runs a program past everything that makes a container's life different from that of a program of the guest.
 *
 * @returns what it has printed
 */
export async function runInGuest(agent: AgentClient, program: GuestProgram): Promise<string> {
  const { id, args, mounts, capabilities, resources } = program;
  const process = { containerId: id, execId: id };
  await agent.createContainer({
    ...process,
    OCI: ociSpecToGrpc({
      ociVersion: '1.0.2',
      process: {
        user: { uid: 0, gid: 0 },
        args,
        env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'],
        cwd: '/',
        capabilities,
      },
      root: { path: '/', readonly: true },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }, ...mounts],
      linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], resources },
    }),
  });
  await agent.startContainer({ containerId: id });
  const pieces: Uint8Array[] = [];
  for await (const piece of readStdoutOf(agent, process)) pieces.push(piece);
  const { status } = await agent.waitProcess(process);
  await agent.removeContainer({ containerId: id });
  const printed = Buffer.concat(pieces).toString();
  if (status !== 0) throw new Error(`${args.join(' ')} in the guest ended with ${status}: ${printed}`);
  return printed;
}
