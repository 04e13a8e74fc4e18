// SPDX-License-Identifier: Apache-2.0
import type { AttachedProcess } from '@hako/agent-client';
import type {
  CreateContainerRequest,
  CreateSandboxRequest,
  DeepPartial,
  ExecProcessRequest,
} from '@hako/protocols/agent';

import type { NetworkAgent } from '../network/user-network.ts';

/** Limits of one call. */
export interface AgentCallOptions {
  readonly signal?: AbortSignal;
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
}

/** The calls on the sandbox. */
export interface GuestAgent extends ContainerAgent, NetworkAgent {
  check(options?: AgentCallOptions): Promise<unknown>;
  createSandbox(request: DeepPartial<CreateSandboxRequest>, options?: AgentCallOptions): Promise<unknown>;
  destroySandbox(options?: AgentCallOptions): Promise<unknown>;
  reseedRandomDev(request: { readonly data: Uint8Array }, options?: AgentCallOptions): Promise<unknown>;
  setGuestDateTime(
    request: { readonly Sec: bigint; readonly Usec: bigint },
    options?: AgentCallOptions,
  ): Promise<unknown>;
}
