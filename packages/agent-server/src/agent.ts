// SPDX-License-Identifier: Apache-2.0
import type { AgentServiceImplementation } from '@hako/protocols/agent';
import type { HealthServiceImplementation } from '@hako/protocols/health';
import type { ProcessIOServiceImplementation } from '@hako/protocols/process-io';
import type { AgentComponents } from './agent-components.ts';
import { createCallDurations } from './metrics/call-durations.ts';
import { createAgentService } from './rpc/agent-service.ts';
import { createDecisionLog } from './policy/decision-log.ts';
import { OutputPorts } from './output-port/output-ports.ts';
import { createPolicy, type Policy } from './policy/policy.ts';
import type { RpcGate } from './rpc/gate.ts';
import { healthService } from './rpc/health-service.ts';
import { createProcessIoService } from './rpc/process-io/process-io-service.ts';
import { resetGuestDns } from './sandbox/guest-dns.ts';
import { createSandboxState } from './sandbox/sandbox.ts';
import { forgetContainer } from './sandbox/forget-container.ts';
import { releasePidNamespace } from './sandbox/pid-namespace.ts';
import { releaseSharedNamespaces } from './sandbox/shared-namespaces.ts';
import { createStorageTable } from './storage/storage-table.ts';
import { createMemoryAgent } from './system/memory-agent.ts';

/** An agent: its services, to be added to a server, and its end. */
export interface Agent extends AsyncDisposable {
  /** `grpc.AgentService`. */
  readonly agentService: AgentServiceImplementation;
  /** `grpc.Health`. */
  readonly healthService: HealthServiceImplementation;
  /** `hako.agent.v1.ProcessIO`, an extension. */
  readonly processIoService: ProcessIOServiceImplementation;
  /** Decides which calls are answered. */
  readonly policy: Policy;
  /** Resolves when the host has destroyed the sandbox; the server should then finish its answers and end. */
  readonly sandboxDestroyed: Promise<void>;
  /**
   * Destroys what is left: containers, storages, shared namespaces. For an agent that ends while its machine lives on.
   * Failures are logged.
   */
  close(): Promise<void>;
}

/**
 * Makes an agent. It does nothing until it is called.
 *
 * @param ownGate - decides about calls that the policy has allowed
 */
export function createAgent(components: AgentComponents, ownGate?: RpcGate): Agent {
  const { logger, mounter, paths, storageDrivers } = components;
  const sandbox = createSandboxState(createStorageTable({ tools: components, drivers: storageDrivers }));

  async function attempt(what: string, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      logger.error({ error }, `${what} could not be removed`);
    }
  }

  async function close(): Promise<void> {
    for (const container of sandbox.containers.all) {
      await attempt(`container ${container.id}`, async () => {
        await container.destroy();
        await forgetContainer(sandbox, container);
      });
    }
    const { storagesHeld, sharedNamespaces } = sandbox;
    sandbox.storagesHeld = [];
    await attempt('storages of the sandbox', () => sandbox.storages.release(storagesHeld));
    sandbox.sharedNamespaces = undefined;
    if (sharedNamespaces !== undefined) {
      await attempt('namespaces of the sandbox', () => releaseSharedNamespaces(sharedNamespaces, mounter));
    }
    await attempt('pid namespace of the sandbox', () => releasePidNamespace(sandbox));
    await attempt('name servers of the sandbox', () => resetGuestDns(sandbox, components));
    await attempt('mounts of the sandbox', async () => {
      for (const { target } of (await mounter.list()).toReversed()) {
        if (target.startsWith(`${paths.kataDir}/`)) mounter.unmount(target, { detach: true });
      }
    });
  }

  const isDebugged = components.options.logLevel === 'debug' || components.options.logLevel === 'trace';
  const policy = createPolicy({
    loadEngine: async () => (await import('./optional/policy.ts')).compilePolicy,
    logger,
    ...(isDebugged ? { note: createDecisionLog() } : {}),
  });
  const gate: RpcGate =
    ownGate === undefined
      ? policy.gate
      : async (call) => {
          await policy.gate(call);
          await ownGate(call);
        };

  const context = {
    components,
    policy,
    sandbox,
    callDurations: createCallDurations(),
    memoryAgent: createMemoryAgent(components.options.memAgent, logger),
    outputPorts: new OutputPorts(components.ports),
  };
  return {
    agentService: createAgentService(context, gate),
    healthService,
    processIoService: createProcessIoService(context, gate),
    policy,
    sandboxDestroyed: sandbox.destroyed,
    close,
    [Symbol.asyncDispose]: close,
  };
}
