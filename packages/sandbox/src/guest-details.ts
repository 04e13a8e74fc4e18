// SPDX-License-Identifier: Apache-2.0
import type { WaitOptions } from './deadline.ts';
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
  const { agent: guest, lifeline } = target;
  const request = { memBlockSize: true, memHotplugProbe: true };
  const details = await lifeline.callWithin('details of the guest', factsTimeoutMs, options, (signal) =>
    guest.getGuestDetails(request, { signal }),
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
  const { agent, lifeline } = target;
  const { metrics } = await lifeline.callWithin('metrics of the guest', factsTimeoutMs, options, (signal) =>
    agent.getMetrics({ signal }),
  );
  return metrics;
}
