// SPDX-License-Identifier: Apache-2.0
import type {
  CreateContainerRequest,
  CreateSandboxRequest,
  DeepPartial,
  ExecProcessRequest,
} from '@hako/protocols/agent';

/** Limits of one call. */
export interface AgentCallOptions {
  readonly signal?: AbortSignal;
}

/** Names one process in the guest; the exec id of a container's first process is the container's id. */
export interface ProcessId {
  readonly containerId: string;
  readonly execId: string;
}

/** Reads of a process's output; empty data is its end. */
export interface ReadRequest extends ProcessId {
  readonly len: number;
}

/** The calls on one process. */
export interface ProcessAgent {
  signalProcess(
    request: ProcessId & { readonly signal: number },
    options?: AgentCallOptions,
  ): Promise<unknown>;
  waitProcess(request: ProcessId, options?: AgentCallOptions): Promise<{ readonly status: number }>;
  writeStdin(
    request: ProcessId & { readonly data: Uint8Array },
    options?: AgentCallOptions,
  ): Promise<unknown>;
  closeStdin(request: ProcessId, options?: AgentCallOptions): Promise<unknown>;
  readStdout(request: ReadRequest, options?: AgentCallOptions): Promise<{ readonly data: Uint8Array }>;
  readStderr(request: ReadRequest, options?: AgentCallOptions): Promise<{ readonly data: Uint8Array }>;
  ttyWinResize(
    request: ProcessId & { readonly row: number; readonly column: number },
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
export interface GuestAgent extends ContainerAgent {
  check(options?: AgentCallOptions): Promise<unknown>;
  createSandbox(request: DeepPartial<CreateSandboxRequest>, options?: AgentCallOptions): Promise<unknown>;
  destroySandbox(options?: AgentCallOptions): Promise<unknown>;
}
