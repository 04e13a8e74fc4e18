// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { AgentEndpoint } from './agent-endpoint.ts';
import { bootGuest } from './boot-guest.ts';
import { setupRequest, setupShares } from './guest-setup.ts';
import { guestSandboxId, guestTraits } from './guest-traits.ts';
import { fromHypervisorFailure } from './hypervisor-failure.ts';
import type { Lifeline } from './lifeline.ts';
import type { GuestAgent } from './process/guest-agent.ts';
import type { GrowingRoom } from './resources/growing-room.ts';
import { sandboxStorages } from './sandbox-storages.ts';
import type { SandboxResources } from './sandbox-resources.ts';

/** What a guest is brought up with. */
export interface BringUpHost {
  readonly resources: SandboxResources;
  readonly lifeline: Lifeline;
  readonly room: GrowingRoom | undefined;
  /** Takes the agent's connection over, as soon as there is one. */
  readonly onEndpoint: (endpoint: AgentEndpoint) => void;
}

/** Where other processes reach the agent of a sandbox. */
const socketName = 'agent.sock';

/**
 * Brings a sandbox from nothing to a guest that takes requests, and writes down that it runs. Errors: those of the hypervisor,
 * the agent, the network.
 * @param host the sandbox
 * @returns its agent
 */
export async function bringUpGuest(host: BringUpHost): Promise<GuestAgent> {
  const { resources, lifeline, room } = host;
  const { adopted, config, vm, plan, sharing, share, timeline, loadConnectAgent, logger } = resources;
  if (adopted !== undefined) return takeUpGuest(host, adopted.endpoint);
  const { signal } = config.options;
  const { endpoint, complete } = await bootGuest({
    ...{ vm, plan, loadConnectAgent, timeline, logger, signal },
    shareDevice: sharing.device,
    timeoutMs: config.bootTimeoutMs,
  });
  host.onEndpoint(endpoint);
  await Promise.all([
    complete,
    attachNetwork(host, endpoint.agent),
    endpoint.serve(join(resources.runDirectory.path, socketName)),
    room?.serve(endpoint.agent),
    timeline.measure('create sandbox', () =>
      lifeline.call('creation of the sandbox', signal, (both) =>
        endpoint.agent.createSandbox(
          {
            hostname: config.hostname,
            dns: [...config.dns],
            storages: sandboxStorages(sharing.storages, config.shmMib),
            sandboxId: guestSandboxId(config.id),
            ...setupRequest(config.options, room?.kernelModules),
          },
          { signal: both },
        ),
      ),
    ),
  ]);
  share.connect?.(endpoint.agent);
  const forGuest = await setupShares(config.options);
  if (forGuest.length > 0)
    await lifeline.call('sharing of files', signal, (both) => share.add(forGuest, both));
  await writeRunning(resources);
  return endpoint.agent;
}

/** The guest runs already, started by a process that is dead. */
async function takeUpGuest(
  { resources, room, onEndpoint }: BringUpHost,
  endpoint: AgentEndpoint,
): Promise<GuestAgent> {
  onEndpoint(endpoint);
  const socketPath = join(resources.runDirectory.path, socketName);
  // The socket of a dead process is in the way.
  await rm(socketPath, { force: true });
  await endpoint.serve(socketPath);
  await room?.serve(endpoint.agent);
  await resources.network.takeUp?.(resources.vm, endpoint.agent);
  await writeRunning(resources);
  return endpoint.agent;
}

async function writeRunning({
  config,
  ledger,
  runDirectory,
  share,
  timeline,
}: SandboxResources): Promise<void> {
  await timeline.measure('write record', async () => {
    await runDirectory.update({
      status: 'running',
      guest: { ...guestTraits(config), ...(share.place && { share: share.place }) },
    });
    await ledger?.open();
  });
}

async function attachNetwork({ resources, lifeline }: BringUpHost, agent: GuestAgent): Promise<void> {
  const { config, network, vm, timeline } = resources;
  if (config.network.kind === 'none') return;
  await timeline.measure('attach network', () =>
    lifeline.call('attachment of the network', config.options.signal, (signal) =>
      network.attach(vm, agent, { signal }).catch((error: unknown) => {
        throw fromHypervisorFailure(error);
      }),
    ),
  );
}
