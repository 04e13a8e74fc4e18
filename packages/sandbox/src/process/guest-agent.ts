// SPDX-License-Identifier: Apache-2.0
import type { AttachedProcess } from '@hako/agent-client';
import type {
  AddSwapRequest,
  CopyFileRequest,
  CreateContainerRequest,
  CreateSandboxRequest,
  DeepPartial,
  ExecProcessRequest,
  GuestDetailsRequest,
  GuestDetailsResponse,
  MemHotplugByProbeRequest,
  OnlineCPUMemRequest,
  StatsContainerResponse,
  UpdateContainerRequest,
  UpdateEphemeralMountsRequest,
} from '@hako/protocols/agent';

import type { NetworkAgent } from '../network/network-agent.ts';

/** Limits of one call. */
export interface AgentCallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds instead of the call's usual deadline, in the guest too. */
  readonly timeoutMs?: number;
}

/** Names one process in the guest; the exec id of a container's first process is the container's id. */
export interface ProcessId {
  readonly containerId: string;
  readonly execId: string;
}

/** The calls on one process. */
export interface ProcessAgent {
  /** Attaches to its streams and its end, at once and without waiting for the guest. */
  attachProcess(process: ProcessId): AttachedProcess;
  signalProcess(
    request: ProcessId & { readonly signal: number },
    options?: AgentCallOptions,
  ): Promise<unknown>;
}

/** The calls on containers. */
export interface ContainerAgent extends ProcessAgent {
  createContainer(request: DeepPartial<CreateContainerRequest>, options?: AgentCallOptions): Promise<unknown>;
  startContainer(request: { readonly containerId: string }, options?: AgentCallOptions): Promise<unknown>;
  removeContainer(request: { readonly containerId: string }, options?: AgentCallOptions): Promise<unknown>;
  execProcess(request: DeepPartial<ExecProcessRequest>, options?: AgentCallOptions): Promise<unknown>;
  pauseContainer(request: { readonly containerId: string }, options?: AgentCallOptions): Promise<unknown>;
  resumeContainer(request: { readonly containerId: string }, options?: AgentCallOptions): Promise<unknown>;
  statsContainer(
    request: { readonly containerId: string },
    options?: AgentCallOptions,
  ): Promise<StatsContainerResponse>;
  updateContainer(request: DeepPartial<UpdateContainerRequest>, options?: AgentCallOptions): Promise<unknown>;
}

/** The calls that tell of the guest. */
export interface GuestFactsAgent {
  getGuestDetails(
    request: DeepPartial<GuestDetailsRequest>,
    options?: AgentCallOptions,
  ): Promise<GuestDetailsResponse>;
  getMetrics(options?: AgentCallOptions): Promise<{ readonly metrics: string }>;
}

/** The calls by which a guest takes what was plugged into its machine. */
export interface GrowthAgent extends Pick<GuestFactsAgent, 'getGuestDetails'> {
  onlineCPUMem(request: DeepPartial<OnlineCPUMemRequest>, options?: AgentCallOptions): Promise<unknown>;
  memHotplugByProbe(
    request: DeepPartial<MemHotplugByProbeRequest>,
    options?: AgentCallOptions,
  ): Promise<unknown>;
  addSwap(request: DeepPartial<AddSwapRequest>, options?: AgentCallOptions): Promise<unknown>;
  updateEphemeralMounts(
    request: DeepPartial<UpdateEphemeralMountsRequest>,
    options?: AgentCallOptions,
  ): Promise<unknown>;
}

/** The calls on the sandbox. */
export interface GuestAgent extends ContainerAgent, NetworkAgent, GuestFactsAgent, GrowthAgent {
  check(options?: AgentCallOptions): Promise<unknown>;
  /** Waits until a container ran out of memory. */
  getOOMEvent(options?: AgentCallOptions): Promise<{ readonly containerId: string }>;
  /** Writes a piece of a file below the shared directory. */
  copyFile(request: DeepPartial<CopyFileRequest>, options?: AgentCallOptions): Promise<unknown>;
  createSandbox(request: DeepPartial<CreateSandboxRequest>, options?: AgentCallOptions): Promise<unknown>;
  destroySandbox(options?: AgentCallOptions): Promise<unknown>;
  reseedRandomDev(request: { readonly data: Uint8Array }, options?: AgentCallOptions): Promise<unknown>;
  setGuestDateTime(
    request: { readonly Sec: bigint; readonly Usec: bigint },
    options?: AgentCallOptions,
  ): Promise<unknown>;
}
