// SPDX-License-Identifier: Apache-2.0
import type {
  CreateContainerRequest,
  DeepPartial,
  GetDiagnosticDataRequest,
  GetDiagnosticDataResponse,
  RemoveContainerRequest,
  StatsContainerResponse,
  UpdateContainerRequest,
} from '@hako/protocols/agent';
import type { Empty } from '@hako/protocols/empty';
import type { AgentCallOptions, Caller } from '../caller.ts';

/** Names a container. */
export interface ContainerId {
  readonly containerId: string;
}

/** Calls on containers. Each rejects with `AgentClientError`. */
export interface ContainerCalls {
  /** Creates a container up to the point just before its program runs. Deadline: `createContainerMs`. */
  createContainer(request: DeepPartial<CreateContainerRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Runs the program of a created container. */
  startContainer(request: ContainerId, options?: AgentCallOptions): Promise<Empty>;
  /** Kills what is left of a container and releases what it holds. */
  removeContainer(request: DeepPartial<RemoveContainerRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Replaces resource limits. */
  updateContainer(request: DeepPartial<UpdateContainerRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Reads cgroup statistics. */
  statsContainer(request: ContainerId, options?: AgentCallOptions): Promise<StatsContainerResponse>;
  /** Freezes a container. */
  pauseContainer(request: ContainerId, options?: AgentCallOptions): Promise<Empty>;
  /** Thaws a container. */
  resumeContainer(request: ContainerId, options?: AgentCallOptions): Promise<Empty>;
  /** Reads diagnostic data, such as the termination message (`termination_log`). */
  getDiagnosticData(
    request: DeepPartial<GetDiagnosticDataRequest>,
    options?: AgentCallOptions,
  ): Promise<GetDiagnosticDataResponse>;
}

/** Makes the {@link ContainerCalls} of a caller. */
export function containerCalls(call: Caller): ContainerCalls {
  return {
    createContainer: (request, options) =>
      call('CreateContainerRequest', options, ({ agent }, o) => agent.createContainer(request, o)),
    startContainer: (request, options) =>
      call('StartContainerRequest', options, ({ agent }, o) => agent.startContainer(request, o)),
    removeContainer: (request, options) =>
      call('RemoveContainerRequest', options, ({ agent }, o) => agent.removeContainer(request, o)),
    updateContainer: (request, options) =>
      call('UpdateContainerRequest', options, ({ agent }, o) => agent.updateContainer(request, o)),
    statsContainer: (request, options) =>
      call('StatsContainerRequest', options, ({ agent }, o) => agent.statsContainer(request, o)),
    pauseContainer: (request, options) =>
      call('PauseContainerRequest', options, ({ agent }, o) => agent.pauseContainer(request, o)),
    resumeContainer: (request, options) =>
      call('ResumeContainerRequest', options, ({ agent }, o) => agent.resumeContainer(request, o)),
    getDiagnosticData: (request, options) =>
      call('GetDiagnosticDataRequest', options, ({ agent }, o) => agent.getDiagnosticData(request, o)),
  };
}
