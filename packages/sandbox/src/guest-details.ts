// SPDX-License-Identifier: Apache-2.0
import { withDeadline, type WaitOptions } from './deadline.ts';
import type { Lifeline } from './lifeline.ts';
import type { GuestFactsAgent } from './process/guest-agent.ts';

/** The agent reads a few files, and text of all its metrics, in well under a second. */
const factsTimeoutMs = 10_000;

/** What a guest says of itself. All texts are the guest's: escape them before printing. */
export interface GuestDetails {
  /** Absent from an agent that does not tell. */
  readonly agentVersion?: string;
  /** Whether the agent is process 1. */
  readonly isInit: boolean;
  readonly storageDrivers: readonly string[];
  readonly deviceDrivers: readonly string[];
  readonly supportsSeccomp: boolean;
  /** Names of optional features. */
  readonly features: readonly string[];
  /** Size of the blocks in which memory is plugged; absent without memory hotplug. */
  readonly memoryBlockBytes?: bigint;
  /** Whether plugged memory has to be told to the guest by address. */
  readonly needsMemoryProbe: boolean;
}

/** The guest to ask. */
export interface FactsTarget {
  readonly agent: GuestFactsAgent;
  readonly lifeline: Lifeline;
}

/**
 * Asks what the guest is and can do. Errors: `agent_failed`, `vm_exited`, `timeout`, `aborted`.
 * @param target the guest
 * @param options limits; default 10 s
 */
export async function readGuestDetails(
  target: FactsTarget,
  options: WaitOptions = {},
): Promise<GuestDetails> {
  const request = { memBlockSize: true, memHotplugProbe: true };
  const details = await ask('details of the guest', target, options, (call) =>
    target.agent.getGuestDetails(request, call),
  );
  const { agentDetails: agent, memBlockSizeBytes } = details;
  return {
    ...(agent === undefined ? {} : { agentVersion: agent.version }),
    isInit: agent?.initDaemon ?? false,
    storageDrivers: agent?.storageHandlers ?? [],
    deviceDrivers: agent?.deviceHandlers ?? [],
    supportsSeccomp: agent?.supportsSeccomp ?? false,
    features: agent?.extraFeatures ?? [],
    ...(memBlockSizeBytes === 0n ? {} : { memoryBlockBytes: memBlockSizeBytes }),
    needsMemoryProbe: details.supportMemHotplugProbe,
  };
}

/**
 * Reads the metrics of agent and guest, as text for Prometheus. Errors: as {@link readGuestDetails}.
 * @param target the guest
 * @param options limits; default 10 s
 */
export async function readGuestMetrics(target: FactsTarget, options: WaitOptions = {}): Promise<string> {
  const { metrics } = await ask('metrics of the guest', target, options, (call) =>
    target.agent.getMetrics(call),
  );
  return metrics;
}

function ask<T>(
  what: string,
  { lifeline }: FactsTarget,
  { signal, timeoutMs = factsTimeoutMs }: WaitOptions,
  call: (options: { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  return withDeadline(what, { timeoutMs, ...(signal && { signal }) }, (limit) =>
    lifeline.call(what, limit, (both) => call({ signal: both })),
  );
}
