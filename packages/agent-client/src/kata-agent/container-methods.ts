// SPDX-License-Identifier: Apache-2.0
import { ociResourcesToGrpc, ociSpecToGrpc, type OciResources, type OciSpec } from '@hako/protocols';
import type {
  CreateContainerRequest,
  DeepPartial,
  GetDiagnosticDataRequest,
  StatsContainerResponse,
} from '@hako/protocols/agent';
import type { AgentCallOptions } from '../caller.ts';
import type { AgentLink } from './agent-link.ts';
import type { AgentProcess } from './agent-process.ts';

/** A container as the guest is to have it: paths in the specification are the guest's. */
export interface ContainerRequest {
  readonly id: string;
  readonly spec: OciSpec;
  readonly storages?: DeepPartial<CreateContainerRequest['storages']>;
  readonly devices?: DeepPartial<CreateContainerRequest['devices']>;
  /** Whether it joins the pid namespace of the sandbox. */
  readonly sandboxPidns?: boolean;
}

/** Life of containers. */
export interface ContainerMethods {
  /** Creates a container up to the point just before its program runs. */
  createContainer(container: ContainerRequest, options?: AgentCallOptions): Promise<AgentProcess>;
  /** Runs its program. */
  startContainer(containerId: string, options?: AgentCallOptions): Promise<void>;
  /** Removes it. */
  stopContainer(containerId: string, options?: AgentCallOptions): Promise<void>;
  /** Replaces its limits. */
  updateContainer(containerId: string, resources: OciResources, options?: AgentCallOptions): Promise<void>;
  /** Reads its statistics, those of the network included. */
  statsContainer(containerId: string, options?: AgentCallOptions): Promise<StatsContainerResponse>;
  /** Freezes it. */
  pauseContainer(containerId: string, options?: AgentCallOptions): Promise<void>;
  /** Thaws it. */
  resumeContainer(containerId: string, options?: AgentCallOptions): Promise<void>;
  /** Waits, without deadline, for a container that runs out of memory; its id. */
  getOOMEvent(options?: AgentCallOptions): Promise<string>;
  /** Reads diagnostic data, such as the termination message (`termination_log`). */
  getDiagnosticData(
    request: Pick<GetDiagnosticDataRequest, 'logType' | 'containerId'>,
    options?: AgentCallOptions,
  ): Promise<string>;
}

/** Makes the {@link ContainerMethods} of a link. */
export function containerMethods(link: AgentLink, now: () => Date): ContainerMethods {
  return {
    async createContainer({ id, spec, storages = [], devices = [], sandboxPidns = false }, options) {
      const request = {
        containerId: id,
        execId: id,
        storages,
        devices,
        OCI: ociSpecToGrpc(spec),
        sandboxPidns,
      };
      await link.request((client) => client.createContainer(request, options));
      return { token: id, pid: -1, startTime: now() };
    },
    async startContainer(containerId, options) {
      await link.request((client) => client.startContainer({ containerId }, options));
    },
    async stopContainer(containerId, options) {
      await link.request((client) => client.removeContainer({ containerId }, options));
    },
    async updateContainer(containerId, resources, options) {
      const request = { containerId, resources: ociResourcesToGrpc(resources) };
      await link.request((client) => client.updateContainer(request, options));
    },
    statsContainer: (containerId, options) =>
      link.request((client) => client.statsContainer({ containerId }, options)),
    async pauseContainer(containerId, options) {
      await link.request((client) => client.pauseContainer({ containerId }, options));
    },
    async resumeContainer(containerId, options) {
      await link.request((client) => client.resumeContainer({ containerId }, options));
    },
    getOOMEvent: async (options) => (await link.request((client) => client.getOOMEvent(options))).containerId,
    getDiagnosticData: async (request, options) =>
      (await link.request((client) => client.getDiagnosticData(request, options))).data,
  };
}
