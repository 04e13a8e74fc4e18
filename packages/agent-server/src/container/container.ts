// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { CgroupStats } from '@hako/protocols/agent';
import type { OciHook, OciProcess, OciResources, OciSpec } from '@hako/protocols';
import type { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import { createMutex } from '../concurrency/mutex.ts';
import type { PciAddresses } from '../devices/pci-environment.ts';
import { AgentError } from '../errors/agent-error.ts';
import type { HookRunner } from '../hooks/run-hooks.ts';
import type { Logger } from '../logging/logger.ts';
import { checkExecId } from '../process/exec-id.ts';
import { GuestProcess, signals } from '../process/guest-process.ts';
import type { OciRuntime, RuntimeProcess } from '../runtime/oci-runtime.ts';
import type { Bundle } from './bundle.ts';
import { applyResources, mergeResources, refreshCpuset } from './apply-resources.ts';
import { type ContainerEvent, type ContainerState, nextState } from './container-state.ts';
import { type OomWatch, watchOom } from './oom-watch.ts';

/** How long a killed process may take to be gone before its container's removal fails. */
const killLimitMs = 10_000;

/** What a container is made of. */
export interface ContainerParts {
  readonly id: string;
  /** The specification as the runtime got it. */
  readonly spec: OciSpec;
  /** Its first process, waiting just before its program. */
  readonly init: RuntimeProcess;
  readonly bundle: Bundle;
  readonly cgroup: ContainerCgroup;
  readonly cgroupVersion: 1 | 2;
  /** Limits as the host gave them. */
  readonly resources: OciResources;
  /** Mount points of storages it holds. */
  readonly storages: readonly string[];
  /** PCI devices that were passed through to it. */
  readonly pciAddresses: PciAddresses;
  /** Run after its program has started. */
  readonly poststart: readonly OciHook[];
  /** Run when it is destroyed. */
  readonly poststop: readonly OciHook[];
  readonly runtime: OciRuntime;
  readonly runHooks: HookRunner;
  readonly logger: Logger;
}

/** A container with its processes, from CreateContainer to RemoveContainer. */
export class Container {
  readonly id: string;
  /** The specification as the runtime got it. */
  readonly spec: OciSpec;
  /** Id of its first process in the agent's pid namespace. */
  readonly initPid: number;
  /** Mount points of storages it holds. */
  readonly storages: readonly string[];
  /** PCI devices that were passed through to it. */
  readonly pciAddresses: PciAddresses;
  readonly #parts: ContainerParts;
  readonly #init: GuestProcess;
  readonly #processes = new Map<string, GuestProcess>();
  readonly #pendingExecs = new Set<string>();
  readonly #freezeTurn = createMutex();
  readonly #limitTurn = createMutex();
  #resources: OciResources;
  #statsUnderWay: Promise<CgroupStats> | undefined;
  #oomWatch: OomWatch | undefined;
  #state: ContainerState;

  constructor(parts: ContainerParts) {
    this.id = parts.id;
    this.spec = parts.spec;
    this.initPid = parts.init.pid;
    this.storages = parts.storages;
    this.pciAddresses = parts.pciAddresses;
    this.#parts = parts;
    this.#resources = parts.resources;
    this.#init = new GuestProcess(parts.id, parts.init);
    this.#processes.set(parts.id, this.#init);
    this.#state = { kind: 'created', init: this.#init };
    this.#init.exited.then(
      (status) => {
        this.#apply({ kind: 'init_exited', status });
        this.#endOomWatch();
      },
      (error: unknown) =>
        parts.logger.error({ error, 'container-id': parts.id }, 'end of init could not be learnt'),
    );
  }

  /** Where it is in its life. */
  get state(): ContainerState {
    return this.#state;
  }

  /** Its limits: those of its making with what each {@link Container.update} has changed. */
  get resources(): OciResources {
    return this.#resources;
  }

  /** Its root directory as its first process sees it; gone with that process. */
  get rootDir(): string {
    return this.#parts.init.rootDir;
  }

  /**
   * Reads its counters. Calls that come meanwhile share one reading: one that the kernel holds up takes up no more threads
   * however often it is asked for.
   */
  async stats(): Promise<CgroupStats> {
    this.#statsUnderWay ??= this.#parts.cgroup.stats().finally(() => {
      this.#statsUnderWay = undefined;
    });
    return await this.#statsUnderWay;
  }

  /**
   * One of its processes.
   *
   * @param execId - empty or the container's id for the first one
   * @throws AgentError `process_not_found`, also when it has been waited for
   */
  process(execId: string): GuestProcess {
    const process = this.#processes.get(execId === '' ? this.id : execId);
    if (process === undefined) {
      const name = execId === '' ? 'init process' : `process ${JSON.stringify(execId)}`;
      throw new AgentError('process_not_found', `${name} not found in container ${this.id}`, {
        operand: execId,
      });
    }
    return process;
  }

  /**
   * Lets its program run.
   *
   * @param onOom - called once when the kernel has killed one of its processes for want of memory
   * @throws AgentError `invalid_state` when it has been started before, or its first process has died; `runtime_failed`
   */
  async start(onOom?: () => void): Promise<void> {
    const { runtime, cgroup, logger } = this.#parts;
    this.#apply({ kind: 'start' });
    try {
      if (onOom !== undefined) {
        this.#oomWatch = watchOom(cgroup, onOom, (error) =>
          logger.warn({ error, 'container-id': this.id }, 'memory events could not be read'),
        );
      }
      await runtime.start(this.id);
    } catch (error) {
      this.#oomWatch?.[Symbol.dispose]();
      this.#apply({ kind: 'start_failed' });
      throw error;
    }
    this.#apply({ kind: 'started' });
    await this.#runHooks('poststart', this.#parts.poststart, 'running');
  }

  /**
   * Stops all its processes until {@link Container.resume}.
   *
   * @throws AgentError `invalid_state` unless it has been made or runs; `system_failed`
   */
  async pause(): Promise<void> {
    using _turn = await this.#freezeTurn.acquire();
    this.#apply({ kind: 'pause' });
    try {
      await this.#parts.cgroup.freeze();
    } catch (error) {
      // Its first process may have ended meanwhile.
      if (this.#state.kind === 'paused') this.#apply({ kind: 'resume' });
      throw error;
    }
  }

  /**
   * Lets its processes go on.
   *
   * @throws AgentError `invalid_state` unless it is paused
   */
  async resume(): Promise<void> {
    using _turn = await this.#freezeTurn.acquire();
    nextState(this.id, this.#state, { kind: 'resume' });
    await this.#parts.cgroup.thaw();
    if (this.#state.kind === 'paused') this.#apply({ kind: 'resume' });
  }

  /**
   * Changes its limits; those that are not named stay as they are.
   *
   * @throws AgentError `invalid_spec`, `runtime_failed`, `invalid_state` when it is being destroyed
   */
  async update(resources: OciResources): Promise<void> {
    using _turn = await this.#limitTurn.acquire();
    const { kind } = this.#state;
    if (kind === 'destroying' || kind === 'destroyed') this.#refuse('update');
    await applyResources(this.#parts, resources, this.#resources);
    this.#resources = mergeResources(this.#resources, resources);
  }

  /**
   * Gives it its CPUs again after some have been plugged in; nothing for one without a list of CPUs.
   *
   * @param online - the CPUs the guest has now, such as `0-3`
   */
  async refreshCpuset(online: string): Promise<void> {
    using _turn = await this.#limitTurn.acquire();
    await refreshCpuset(this.#parts, this.#resources, online);
  }

  /** @throws AgentError `process_exists` for an exec id in use, `invalid_exec_id` for one that is none */
  refuseExecId(execId: string): void {
    const isInit = execId === '' || execId === this.id;
    if (isInit || this.#processes.has(execId) || this.#pendingExecs.has(execId)) {
      const problem = `exec id ${JSON.stringify(execId)} is in use in container ${this.id}`;
      throw new AgentError('process_exists', problem, { operand: execId });
    }
    checkExecId(execId);
  }

  /**
   * Starts one more process.
   *
   * @throws AgentError `invalid_exec_id`, `process_exists`, `invalid_state`, and the errors of {@link OciRuntime.exec}
   */
  async exec(execId: string, process: OciProcess, signal: AbortSignal): Promise<void> {
    this.refuseExecId(execId);
    const { kind } = this.#state;
    // In a paused container the runtime would be stopped half-way, and the caller would wait for ever.
    if (kind === 'paused' || kind === 'exited' || kind === 'destroying' || kind === 'destroyed')
      this.#refuse('exec in');
    this.#pendingExecs.add(execId);
    try {
      const started = await this.#parts.runtime.exec({ containerId: this.id, process, signal });
      const guestProcess = new GuestProcess(execId, started);
      this.#processes.set(execId, guestProcess);
      if (this.#oomWatch?.isDeaf === true) {
        guestProcess.exited.then(
          () => void this.#oomWatch?.check(),
          () => undefined,
        );
      }
    } finally {
      this.#pendingExecs.delete(execId);
    }
  }

  /** Forgets a process that somebody has waited for, and closes its streams. Only the first call does something. */
  forget(process: GuestProcess): void {
    if (this.#processes.get(process.id) !== process) return;
    this.#processes.delete(process.id);
    process[Symbol.dispose]();
  }

  /** Sends SIGKILL to everything in it, paused or not. */
  async killAll(): Promise<void> {
    await this.#parts.cgroup.killAll();
  }

  /**
   * Kills what is left, and removes it from the runtime, its cgroup, its mounts and its bundle. Storages stay. Calls while it
   * is being done wait for the same work; a call after a failure tries again; after success it does nothing.
   *
   * @throws AgentError `runtime_failed`
   */
  async destroy(): Promise<void> {
    if (this.#state.kind === 'destroyed') return;
    if (this.#state.kind === 'destroying') {
      await this.#state.done;
      return;
    }
    const { promise: begin, resolve } = Promise.withResolvers<undefined>();
    const done = begin.then(() => this.#dismantle());
    this.#apply({ kind: 'destroy', done });
    resolve(undefined);
    try {
      await done;
    } catch (error) {
      this.#apply({ kind: 'destroy_failed' });
      throw error;
    }
    this.#apply({ kind: 'destroyed' });
  }

  /** Closes the streams of all its processes; to be called when it is forgotten. */
  closeStreams(): void {
    for (const process of this.#processes.values()) process[Symbol.dispose]();
  }

  #apply(event: ContainerEvent): void {
    this.#state = nextState(this.id, this.#state, event);
  }

  #refuse(operation: string): never {
    const problem = `cannot ${operation} container ${this.id}: it is ${this.#state.kind}`;
    throw new AgentError('invalid_state', problem, { operand: this.id });
  }

  /** What has been counted so far still counts. */
  #endOomWatch(): void {
    const watch = this.#oomWatch;
    void watch?.check().then(() => watch[Symbol.dispose]());
  }

  async #dismantle(): Promise<void> {
    const { runtime, cgroup, bundle, poststop, logger } = this.#parts;
    for (const process of this.#processes.values()) process.signal(signals.kill);
    await cgroup.killAll();
    await this.#initIsGone();
    await this.#oomWatch?.check();
    this.#oomWatch?.[Symbol.dispose]();
    await this.#runHooks('poststop', poststop, 'stopped');
    await runtime.delete(this.id);
    try {
      await cgroup.remove();
    } catch (error) {
      logger.warn({ error, 'container-id': this.id }, 'cgroup could not be removed');
    }
    await bundle.remove();
  }

  async #initIsGone(): Promise<void> {
    const stop = new AbortController();
    const late = delay(killLimitMs, 'late' as const, { signal: stop.signal });
    late.catch(() => undefined);
    try {
      if ((await Promise.race([this.#init.exited, late])) === 'late') {
        throw new AgentError('runtime_failed', `init of container ${this.id} did not die of SIGKILL`, {
          operand: this.id,
        });
      }
    } finally {
      stop.abort();
    }
  }

  async #runHooks(stage: 'poststart' | 'poststop', hooks: readonly OciHook[], status: string): Promise<void> {
    if (hooks.length === 0) return;
    await this.#parts.runHooks(stage, hooks, {
      ociVersion: this.spec.ociVersion,
      id: this.id,
      status,
      pid: status === 'stopped' ? 0 : this.initPid,
      bundle: this.#parts.bundle.dir,
      annotations: this.spec.annotations ?? {},
    });
  }
}
