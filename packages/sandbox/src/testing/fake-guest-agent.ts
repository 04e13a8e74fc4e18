// SPDX-License-Identifier: Apache-2.0
import { pollProcess, type AttachedProcess, type PolledCalls } from '@hako/agent-client';
import type {
  AddARPNeighborsRequest,
  AddSwapRequest,
  CopyFileRequest,
  CreateContainerRequest,
  CreateSandboxRequest,
  DeepPartial,
  ExecProcessRequest,
  GuestDetailsResponse,
  MemHotplugByProbeRequest,
  OnlineCPUMemRequest,
  StatsContainerResponse,
  UpdateContainerRequest,
  UpdateEphemeralMountsRequest,
  UpdateInterfaceRequest,
  UpdateRoutesRequest,
} from '@hako/protocols/agent';
import type { Process } from '@hako/protocols/oci';
import { Interface, Route } from '@hako/protocols/types';

import type { AgentCallOptions, GuestAgent, ProcessId } from '../process/guest-agent.ts';
import { fakeGuestDetails, fakeStats } from './fake-guest-facts.ts';
import { FakeOomQueue } from './fake-oom-queue.ts';
import { FakeProcess, type FakeMain } from './fake-process.ts';

/** Reads of a process's output; empty data is its end. */
type ReadRequest = ProcessId & { readonly len: number };

/** The calls of an agent, by name. A process is attached to by polling it. */
export type AgentMethod = Exclude<keyof GuestAgent | keyof PolledCalls, 'attachProcess'>;

/** What a fake agent does beyond answering. */
export interface FakeGuestAgentOptions {
  /** Programs by the first word of their command. What is not here is answered like a missing program. */
  readonly programs?: Readonly<Record<string, FakeMain>>;
  /** Called before each call is answered; a rejection is the answer, a promise that stays pending holds the call up. */
  readonly before?: (method: AgentMethod, options: AgentCallOptions | undefined) => Promise<void> | void;
}

/** An agent without a guest: processes are functions of the test. Records the calls. */
export class FakeGuestAgent implements GuestAgent, PolledCalls {
  /** The calls in order. */
  readonly calls: AgentMethod[] = [];
  /** The containers that were created, by id. */
  readonly containers = new Map<string, DeepPartial<CreateContainerRequest>>();
  /** What CreateSandbox was asked. */
  sandbox: DeepPartial<CreateSandboxRequest> | undefined;
  /** Interfaces, routes and neighbours in the order of the requests. */
  readonly network: DeepPartial<UpdateInterfaceRequest | UpdateRoutesRequest | AddARPNeighborsRequest>[] = [];
  /** The guest's interfaces as the last request left each, by hardware address. */
  readonly interfaces = new Map<string, Interface>();
  /** The guest's routes. */
  readonly routes: Route[] = [];
  /** What CopyFile was asked, in order. */
  readonly copies: DeepPartial<CopyFileRequest>[] = [];
  /** The processes by exec id. */
  readonly processes = new Map<string, FakeProcess>();
  /** Ids of the containers that stand still. */
  readonly paused = new Set<string>();
  /** What UpdateContainer was asked, in order. */
  readonly updates: DeepPartial<UpdateContainerRequest>[] = [];
  /** What was plugged and told to the guest, in order. */
  readonly growth: DeepPartial<OnlineCPUMemRequest | MemHotplugByProbeRequest>[] = [];
  /** What AddSwap was asked, in order. */
  readonly swaps: DeepPartial<AddSwapRequest>[] = [];
  /** What UpdateEphemeralMounts was asked, in order. */
  readonly remounts: DeepPartial<UpdateEphemeralMountsRequest>[] = [];
  /** Tells of containers that run out of memory. */
  readonly oomQueue = new FakeOomQueue();
  /** What GetGuestDetails answers. */
  details: GuestDetailsResponse = fakeGuestDetails();
  /** What StatsContainer answers. */
  stats: StatsContainerResponse = fakeStats();
  readonly #options: FakeGuestAgentOptions;

  constructor(options: FakeGuestAgentOptions = {}) {
    this.#options = options;
  }

  check(options?: AgentCallOptions): Promise<unknown> {
    return this.#enter('check', options);
  }

  async createSandbox(request: DeepPartial<CreateSandboxRequest>, options?: AgentCallOptions): Promise<void> {
    await this.#enter('createSandbox', options);
    this.sandbox = request;
  }

  async copyFile(request: DeepPartial<CopyFileRequest>, options?: AgentCallOptions): Promise<void> {
    await this.#enter('copyFile', options);
    this.copies.push(request);
  }

  async reseedRandomDev(_request: unknown, options?: AgentCallOptions): Promise<void> {
    await this.#enter('reseedRandomDev', options);
  }

  async setGuestDateTime(_request: unknown, options?: AgentCallOptions): Promise<void> {
    await this.#enter('setGuestDateTime', options);
  }

  async updateInterface(
    request: DeepPartial<UpdateInterfaceRequest>,
    options?: AgentCallOptions,
  ): Promise<Interface> {
    await this.#enter('updateInterface', options);
    this.network.push(request);
    const updated = Interface.fromPartial(request.interface ?? {});
    this.interfaces.set(updated.hwAddr, updated);
    return updated;
  }

  async listInterfaces(options?: AgentCallOptions): Promise<{ Interfaces: Interface[] }> {
    await this.#enter('listInterfaces', options);
    return { Interfaces: [...this.interfaces.values()] };
  }

  async updateRoutes(
    request: DeepPartial<UpdateRoutesRequest>,
    options?: AgentCallOptions,
  ): Promise<{ Routes: Route[] }> {
    await this.#enter('updateRoutes', options);
    this.network.push(request);
    for (const route of (request.routes?.Routes ?? []).map((wanted) => Route.fromPartial(wanted))) {
      const index = this.routes.findIndex((one) => one.dest === route.dest && one.family === route.family);
      if (index < 0) this.routes.push(route);
      else this.routes[index] = route;
    }
    return { Routes: this.routes };
  }

  async listRoutes(options?: AgentCallOptions): Promise<{ Routes: Route[] }> {
    await this.#enter('listRoutes', options);
    return { Routes: this.routes };
  }

  async addARPNeighbors(
    request: DeepPartial<AddARPNeighborsRequest>,
    options?: AgentCallOptions,
  ): Promise<void> {
    await this.#enter('addARPNeighbors', options);
    this.network.push(request);
  }

  async destroySandbox(options?: AgentCallOptions): Promise<void> {
    await this.#enter('destroySandbox', options);
  }

  async createContainer(
    request: DeepPartial<CreateContainerRequest>,
    options?: AgentCallOptions,
  ): Promise<void> {
    await this.#enter('createContainer', options);
    const id = request.containerId ?? '';
    this.processes.set(id, this.#load(request.OCI?.Process));
    this.containers.set(id, request);
  }

  async startContainer({ containerId }: { containerId: string }, options?: AgentCallOptions): Promise<void> {
    await this.#enter('startContainer', options);
    this.#find({ containerId, execId: containerId }).start();
  }

  async removeContainer({ containerId }: { containerId: string }, options?: AgentCallOptions): Promise<void> {
    await this.#enter('removeContainer', options);
    this.#find({ containerId, execId: containerId }).deliver(9);
    this.containers.delete(containerId);
  }

  async pauseContainer({ containerId }: { containerId: string }, options?: AgentCallOptions): Promise<void> {
    await this.#enter('pauseContainer', options);
    this.#find({ containerId, execId: containerId });
    if (this.paused.has(containerId)) throw new Error(`container ${containerId} is paused`);
    this.paused.add(containerId);
  }

  async resumeContainer({ containerId }: { containerId: string }, options?: AgentCallOptions): Promise<void> {
    await this.#enter('resumeContainer', options);
    if (!this.paused.delete(containerId)) throw new Error(`container ${containerId} is not paused`);
  }

  async statsContainer(
    { containerId }: { containerId: string },
    options?: AgentCallOptions,
  ): Promise<StatsContainerResponse> {
    await this.#enter('statsContainer', options);
    this.#find({ containerId, execId: containerId });
    return this.stats;
  }

  async updateContainer(
    request: DeepPartial<UpdateContainerRequest>,
    options?: AgentCallOptions,
  ): Promise<void> {
    await this.#enter('updateContainer', options);
    this.updates.push(request);
  }

  async onlineCPUMem(request: DeepPartial<OnlineCPUMemRequest>, options?: AgentCallOptions): Promise<void> {
    await this.#enter('onlineCPUMem', options);
    this.growth.push(request);
  }

  async memHotplugByProbe(
    request: DeepPartial<MemHotplugByProbeRequest>,
    options?: AgentCallOptions,
  ): Promise<void> {
    await this.#enter('memHotplugByProbe', options);
    this.growth.push(request);
  }

  async addSwap(request: DeepPartial<AddSwapRequest>, options?: AgentCallOptions): Promise<void> {
    await this.#enter('addSwap', options);
    this.swaps.push(request);
  }

  async updateEphemeralMounts(
    request: DeepPartial<UpdateEphemeralMountsRequest>,
    options?: AgentCallOptions,
  ): Promise<void> {
    await this.#enter('updateEphemeralMounts', options);
    this.remounts.push(request);
  }

  async getOOMEvent(options?: AgentCallOptions): Promise<{ containerId: string }> {
    await this.#enter('getOOMEvent', options);
    return { containerId: await this.oomQueue.take(options?.signal) };
  }

  async getGuestDetails(_request: unknown, options?: AgentCallOptions): Promise<GuestDetailsResponse> {
    await this.#enter('getGuestDetails', options);
    return this.details;
  }

  async getMetrics(options?: AgentCallOptions): Promise<{ metrics: string }> {
    await this.#enter('getMetrics', options);
    return { metrics: 'kata_guest_load{item="load1"} 0.5\n' };
  }

  async execProcess(request: DeepPartial<ExecProcessRequest>, options?: AgentCallOptions): Promise<void> {
    await this.#enter('execProcess', options);
    const process = this.#load(request.process);
    this.processes.set(request.execId ?? '', process);
    process.start();
  }

  attachProcess(process: ProcessId): AttachedProcess {
    return pollProcess(this, process);
  }

  async signalProcess(request: ProcessId & { signal: number }, options?: AgentCallOptions): Promise<void> {
    await this.#enter('signalProcess', options);
    this.#find(request).deliver(request.signal);
  }

  async waitProcess(request: ProcessId, options?: AgentCallOptions): Promise<{ status: number }> {
    await this.#enter('waitProcess', options);
    return { status: await this.#find(request).exitCode };
  }

  async writeStdin(
    request: ProcessId & { data: Uint8Array },
    options?: AgentCallOptions,
  ): Promise<{ len: number }> {
    await this.#enter('writeStdin', options);
    this.#find(request).input.write(request.data);
    return { len: request.data.length };
  }

  async closeStdin(request: ProcessId, options?: AgentCallOptions): Promise<void> {
    await this.#enter('closeStdin', options);
    this.#find(request).input.end();
  }

  async readStdout(request: ReadRequest, options?: AgentCallOptions): Promise<{ data: Uint8Array }> {
    await this.#enter('readStdout', options);
    return { data: await this.#find(request).output.read(request.len) };
  }

  async readStderr(request: ReadRequest, options?: AgentCallOptions): Promise<{ data: Uint8Array }> {
    await this.#enter('readStderr', options);
    return { data: await this.#find(request).errorOutput.read(request.len) };
  }

  async ttyWinResize(
    request: ProcessId & { row: number; column: number },
    options?: AgentCallOptions,
  ): Promise<void> {
    await this.#enter('ttyWinResize', options);
    this.#find(request).sizes.push({ rows: request.row, columns: request.column });
  }

  async #enter(method: AgentMethod, options: AgentCallOptions | undefined): Promise<void> {
    this.calls.push(method);
    await this.#options.before?.(method, options);
    options?.signal?.throwIfAborted();
  }

  #load(spec: DeepPartial<Process> | undefined): FakeProcess {
    const args = (spec?.Args ?? []).map(String);
    const main = this.#options.programs?.[args[0] ?? ''];
    if (main === undefined) throw new Error(`executable file \`${args[0] ?? ''}\` not found in $PATH`);
    const env = (spec?.Env ?? []).map(String);
    return new FakeProcess(main, { args, env, cwd: spec?.Cwd ?? '', terminal: spec?.Terminal ?? false });
  }

  #find({ containerId, execId }: ProcessId): FakeProcess {
    const process = this.processes.get(execId);
    if (process === undefined) throw new Error(`no process ${execId} in container ${containerId}`);
    return process;
  }
}
