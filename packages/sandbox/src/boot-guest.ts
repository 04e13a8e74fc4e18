// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

import type { PluggableDevice, VirtualMachine } from '@hako/hypervisor';

import type { AgentEndpoint, ConnectAgent, LoadConnectAgent } from './agent-endpoint.ts';
import type { Logger } from './logger.ts';
import { reachAgent } from './reach-agent.ts';
import type { BootPlan } from './template/boot-plan.ts';
import type { Timeline } from './timeline.ts';

/** Enough for any generator of random numbers; upstream's runtime sends as much. */
const seedBytes = 512;

/** What {@link bootGuest} boots. */
export interface BootRequest {
  readonly vm: VirtualMachine;
  readonly plan: BootPlan;
  /** What gives a machine from a template the shared files; undefined if nothing is shared. */
  readonly shareDevice: PluggableDevice | undefined;
  readonly loadConnectAgent: LoadConnectAgent;
  readonly timeline: Timeline;
  readonly logger: Logger;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A machine whose agent answers. */
export interface BootedGuest {
  readonly endpoint: AgentEndpoint;
  /** The rest of what a machine from a template needs, under way: its file sharing, clock and random numbers. */
  readonly complete: Promise<void>;
}

/**
 * Brings a machine from nothing to an agent that answers.
 * @param request what and how
 * @returns the agent; it is the caller's to close
 */
export async function bootGuest(request: BootRequest): Promise<BootedGuest> {
  const { vm, plan, timeline, signal } = request;
  const limits = signal === undefined ? {} : { signal };
  const starting = timeline.measure('start virtual machine', () => vm.start(limits));
  // The process of the machine comes first: it has to start by itself, too.
  const [connectAgent] = await Promise.all([request.loadConnectAgent(), starting]);
  let endpoint = await timeline.measure('boot guest', () => answeringAgent(request, connectAgent));
  switch (plan.kind) {
    case 'cold':
      return { endpoint, complete: Promise.resolve() };
    case 'save':
      endpoint = await saveTemplate(request, plan, { connectAgent, endpoint });
      break;
    case 'clone':
      break;
    default:
      plan satisfies never;
  }
  return {
    endpoint,
    complete: timeline.measure('plug file sharing', () => completeClone(request, endpoint)),
  };
}

/**
 * Without a template the next machine boots as slowly as this one, which is no reason to fail.
 * @returns the agent: saving closes its connection, a rehearsal that fails does not
 */
async function saveTemplate(
  request: BootRequest,
  { templates, key }: Extract<BootPlan, { kind: 'save' }>,
  { connectAgent, endpoint }: { connectAgent: ConnectAgent; endpoint: AgentEndpoint },
): Promise<AgentEndpoint> {
  const { vm, timeline, logger, signal } = request;
  const limits = signal === undefined ? {} : { signal };
  const end = timeline.begin('save template');
  try {
    const { rehearse } = await import('./template/rehearse.ts');
    await rehearse(endpoint.agent, limits);
  } catch (error) {
    logger.warn({ error }, 'template was not saved: its agent failed the rehearsal');
    return endpoint;
  }
  await templates
    .add(key, (directory) => vm.save(directory, limits))
    .catch((error: unknown) => logger.warn({ error }, 'template could not be saved'));
  await endpoint.close();
  end();
  return await answeringAgent(request, connectAgent);
}

function answeringAgent(
  { vm, timeoutMs, signal }: BootRequest,
  connectAgent: ConnectAgent,
): Promise<AgentEndpoint> {
  return reachAgent(vm, connectAgent, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
}

/** Machines from one template have the same clock and the same random numbers to come, until they are told otherwise. */
async function completeClone(
  { vm, shareDevice, signal }: BootRequest,
  endpoint: AgentEndpoint,
): Promise<void> {
  const limits = signal === undefined ? {} : { signal };
  const nowMs = Date.now();
  await Promise.all([
    ...(shareDevice === undefined ? [] : [vm.plug(shareDevice, limits)]),
    endpoint.agent.reseedRandomDev({ data: randomBytes(seedBytes) }, limits),
    endpoint.agent.setGuestDateTime(
      { Sec: BigInt(Math.floor(nowMs / 1000)), Usec: BigInt((nowMs % 1000) * 1000) },
      limits,
    ),
  ]);
}
