// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { OciHook, OciProcess, OciSpec } from '@hako/protocols';
import type { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import { AgentError } from '../errors/agent-error.ts';
import type { HookRunner } from '../hooks/run-hooks.ts';
import type { Logger } from '../logging/logger.ts';
import { GuestProcess, signals } from '../process/guest-process.ts';
import type { OciRuntime, RuntimeProcess } from '../runtime/oci-runtime.ts';
import type { Bundle } from './bundle.ts';
import { type ContainerEvent, type ContainerState, nextState } from './container-state.ts';

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
  /** Mount points of storages it holds. */
  readonly storages: readonly string[];
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
  readonly #parts: ContainerParts;
  readonly #init: GuestProcess;
  readonly #processes = new Map<string, GuestProcess>();
  readonly #pendingExecs = new Set<string>();
  #state: ContainerState;

  constructor(parts: ContainerParts) {
    this.id = parts.id;
    this.spec = parts.spec;
    this.initPid = parts.init.pid;
    this.storages = parts.storages;
    this.#parts = parts;
    this.#init = new GuestProcess(parts.id, parts.init);
    this.#processes.set(parts.id, this.#init);
    this.#state = { kind: 'created', init: this.#init };
    this.#init.exited.then(
      (status) => this.#apply({ kind: 'init_exited', status }),
      (error: unknown) =>
        parts.logger.error({ error, 'container-id': parts.id }, 'end of init could not be learnt'),
    );
  }

  /** Where it is in its life. */
  get state(): ContainerState {
    return this.#state;
  }

  /** Its cgroup. */
  get cgroup(): ContainerCgroup {
    return this.#parts.cgroup;
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
   * @throws AgentError `invalid_state` when it has been started before, or its first process has died; `runtime_failed`
   */
  async start(): Promise<void> {
    this.#apply({ kind: 'start' });
    try {
      await this.#parts.runtime.start(this.id);
    } catch (error) {
      this.#apply({ kind: 'start_failed' });
      throw error;
    }
    this.#apply({ kind: 'started' });
    await this.#runHooks('poststart', this.#parts.poststart, 'running');
  }

  /**
   * Starts one more process.
   *
   * @throws AgentError `process_exists`, `invalid_state`, and the errors of {@link OciRuntime.exec}
   */
  async exec(execId: string, process: OciProcess, signal: AbortSignal): Promise<void> {
    this.#refuseUsedExecId(execId);
    const { kind } = this.#state;
    if (kind === 'exited' || kind === 'destroying' || kind === 'destroyed') {
      throw new AgentError('invalid_state', `cannot exec in container ${this.id}: it is ${kind}`, {
        operand: this.id,
      });
    }
    this.#pendingExecs.add(execId);
    try {
      const started = await this.#parts.runtime.exec({ containerId: this.id, process, signal });
      this.#processes.set(execId, new GuestProcess(execId, started));
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

  #refuseUsedExecId(execId: string): void {
    if (
      execId !== '' &&
      execId !== this.id &&
      !this.#processes.has(execId) &&
      !this.#pendingExecs.has(execId)
    )
      return;
    throw new AgentError(
      'process_exists',
      `exec id ${JSON.stringify(execId)} is in use in container ${this.id}`,
      {
        operand: execId,
      },
    );
  }

  async #dismantle(): Promise<void> {
    const { runtime, cgroup, bundle, poststop, logger } = this.#parts;
    for (const process of this.#processes.values()) process.signal(signals.kill);
    await cgroup.killAll();
    await this.#initIsGone();
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
