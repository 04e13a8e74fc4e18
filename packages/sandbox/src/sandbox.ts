// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import type { VirtualMachine } from '@hako/hypervisor';

import type { AgentEndpoint } from './agent-endpoint.ts';
import { bringUpGuest } from './bring-up.ts';
import { createContainer } from './container/load-and-create.ts';
import type { Container } from './container/container.ts';
import { restoreContainers } from './container/restore-container.ts';
import { randomId, type ContainerOptions } from './container/container-options.ts';
import { withDeadline, type WaitOptions } from './deadline.ts';
import { destroyGuest } from './destroy-guest.ts';
import { OwnedDevices } from './devices/device-host.ts';
import { readGuestDetails, readGuestMetrics, type GuestDetails } from './guest-details.ts';
import { guestTraits } from './guest-traits.ts';
import { SandboxHooks } from './hooks/sandbox-hooks.ts';
import { bootFailure, unexpectedExit } from './hypervisor-failure.ts';
import { Lifeline } from './lifeline.ts';
import { SandboxNetwork } from './network/sandbox-network.ts';
import type { GuestAgent } from './process/guest-agent.ts';
import type { GrowingRoom } from './resources/growing-room.ts';
import { ContainerNotes } from './run/container-notes.ts';
import { expectSurvival, letGo } from './run/let-go.ts';
import type { Outcome } from './run/sandbox-record.ts';
import { SandboxError } from './sandbox-error.ts';
import type { SandboxResources } from './sandbox-resources.ts';
import { expectState, mayFollow, type SandboxState } from './sandbox-state.ts';
import { explainShareFailure } from './share/explain-share-failure.ts';
import type { Phase } from './timeline.ts';
import type { OomEvent } from './watch/oom-watch.ts';
import { SandboxWatch } from './watch/sandbox-watch.ts';

/** An end that has a cause elsewhere is explained by it within this time. */
const explanationMs = 100;

/** What calls on the guest go to. */
interface RunningGuest {
  readonly agent: GuestAgent;
  readonly lifeline: Lifeline;
}

/** How to stop a sandbox. */
export interface StopOptions {
  /** Whether the guest may end its processes in order first, for at most a second. Default true. */
  readonly graceful?: boolean;
  /** Goes into the record as the exit code of the first container. */
  readonly exitCode?: number;
}

/**
 * A virtual machine with an agent, in which containers run. It is handed out while the guest still boots; what needs
 * the guest waits for it, and {@link Sandbox.ready} waits explicitly. Leaving an `await using` block stops it.
 *
 * When the machine is lost, everything pending rejects with `vm_exited` and the host is cleaned by itself.
 */
export class Sandbox implements AsyncDisposable {
  readonly id: string;
  /** Directory of its sockets and its record. */
  readonly directory: string;
  /** What its guest can reach, and how; the host's side, too. */
  readonly network: SandboxNetwork;
  /** Settles when nothing of it is left on the host, whatever the reason, or it was let go of. Never rejects. */
  readonly ended: Promise<SandboxState>;
  readonly #resources: SandboxResources;
  readonly #lifeline = new Lifeline();
  readonly #containers = new Map<string, Promise<Container>>();
  readonly #ended = Promise.withResolvers<SandboxState>();
  readonly #ready: Promise<GuestAgent>;
  readonly #watch = new SandboxWatch();
  readonly #hooks: SandboxHooks;
  readonly #devices: OwnedDevices;
  readonly #room: GrowingRoom | undefined;
  #state: SandboxState = { name: 'starting' };
  #endpoint: AgentEndpoint | undefined;
  #stopping: Promise<void> | undefined;
  #bootError: SandboxError | undefined;

  /** @internal Made by `createSandbox`. */
  constructor(resources: SandboxResources) {
    this.#resources = resources;
    this.#hooks = new SandboxHooks(resources.logger, resources.vm, resources.network.links);
    this.#devices = new OwnedDevices(resources);
    this.id = resources.config.id;
    this.directory = resources.runDirectory.path;
    this.ended = this.#ended.promise;
    const guest = (operation: string): RunningGuest => this.#runningGuest(operation);
    this.network = new SandboxNetwork({ network: resources.network, guest });
    this.#room = resources.openRoom?.(this.#lifeline);
    this.#ready = this.#boot();
    this.#ready.catch((error: unknown) => this.#endBoot(bootFailure(error)));
    this.#watchLoss();
  }

  /** Where it is in its life. */
  get state(): SandboxState {
    return this.#state;
  }

  /** How long each part of its life took so far. */
  get phases(): readonly Phase[] {
    return this.#resources.timeline.phases;
  }

  /** When the hypervisor reached what, in milliseconds of `performance.now()`. */
  get vmPhases(): VirtualMachine['phases'] {
    return this.#resources.vm.phases;
  }

  /** Process ids of its virtual machine. Error: `invalid_state` of the driver while there is none. */
  pids(): ReturnType<VirtualMachine['pids']> {
    return this.#resources.vm.pids();
  }

  /** Everything the guest wrote to its console. */
  get consoleLogPath(): string {
    return this.#resources.vm.consoleLogPath;
  }

  /**
   * Waits until the guest takes requests. Errors: `boot_failed`, `timeout`, `aborted`; abort ends only this wait.
   * @param options limits
   */
  async ready(options: WaitOptions = {}): Promise<void> {
    await withDeadline('boot', options, () => this.#ready);
  }

  /**
   * Calls back when the guest's kernel has killed a process of a container for lack of memory; each container is told of
   * once. Ends with the sandbox, or when the answer is disposed of.
   * @param listener must not throw
   */
  onOom(listener: (event: OomEvent) => void): Disposable {
    return this.#watch.oom.onOom(listener);
  }

  /**
   * Tells whether a container ran out of memory. The guest's word may come after the container's end and is waited for.
   * Abort ends the wait with what is known. Never rejects.
   * @param containerId the container
   * @param options limit of the wait; default 1 s
   */
  ranOutOfMemory(containerId: string, options: WaitOptions = {}): Promise<boolean> {
    return this.#watch.oom.has(containerId, options);
  }

  /**
   * Asks what the guest is and can do. Errors: `invalid_state`, `agent_failed`, `vm_exited`, `timeout`, `aborted`.
   * @param options limits; default 10 s
   */
  async guestDetails(options: WaitOptions = {}): Promise<GuestDetails> {
    return readGuestDetails(this.#runningGuest('guestDetails'), options);
  }

  /**
   * Reads the metrics of agent and guest, as text for Prometheus. Errors: as {@link Sandbox.guestDetails}.
   * @param options limits; default 10 s
   */
  async metrics(options: WaitOptions = {}): Promise<string> {
    return readGuestMetrics(this.#runningGuest('metrics'), options);
  }

  /**
   * Creates a container. Its files are shared while the guest may still be booting. On failure nothing of it is left.
   * Errors: `invalid_state`, `invalid_options`, `share_failed`, `command_not_found`, `command_not_executable`,
   * `boot_failed`, `vm_exited`, `agent_failed`, `aborted`.
   * @param options what it shall be
   */
  async createContainer(options: ContainerOptions): Promise<Container> {
    expectState('createContainer', this.#state, 'starting', 'running');
    const id = options.id ?? (this.#containers.size === 0 ? this.id : randomId());
    if (this.#containers.has(id))
      throw new SandboxError('invalid_options', `container id ${id} is already in use`);
    const { config, ledger, pinning, share, timeline } = this.#resources;
    const host = {
      ledger,
      pinning,
      notes: new ContainerNotes(this.directory),
      ...guestTraits(config),
      share,
      devices: this.#devices,
      room: this.#room,
      hooks: this.#hooks,
      lifeline: this.#lifeline,
      timeline,
      ready: this.#ready,
      onStart: () => void this.#awaitLinks(),
    };
    const creation = createContainer(host, id, options, () => this.#containers.delete(id));
    this.#containers.set(id, creation);
    try {
      const container = await creation;
      await this.#recordFirst(container);
      return container;
    } catch (error) {
      this.#containers.delete(id);
      throw error;
    }
  }

  /** Its containers, those of its owners before this process too; what guests of it have added is in `listContainers` alone. */
  async containers(): Promise<readonly Container[]> {
    const found = await Promise.allSettled(this.#containers.values());
    return found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /**
   * Lets go of a sandbox that survives its owner: it goes on, and `adoptSandbox` takes it up, here or in another process.
   * This object cannot be used afterwards. Errors: `invalid_state` when it does not run or ends with its owner.
   */
  async release(): Promise<void> {
    const { adopted } = this.#resources;
    expectState('release', this.#state, 'running', ...(adopted === undefined ? [] : ['starting' as const]));
    expectSurvival(this.#resources);
    if (this.#bootError === undefined) await this.#letGo();
    await this.ended;
  }

  /**
   * Stops the machine and removes everything it had on the host. Idempotent and bounded; never rejects because of the
   * guest. Error: `tool_failed` when something of the host could not be removed.
   * @param options how
   */
  stop(options: StopOptions = {}): Promise<void> {
    if (this.#state.name === 'failed' || this.#state.name === 'released')
      return this.ended.then(() => undefined);
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #boot(): Promise<GuestAgent> {
    const { config, vm, runDirectory, logger } = this.#resources;
    try {
      const agent = await bringUpGuest({
        ...{ resources: this.#resources, lifeline: this.#lifeline, room: this.#room },
        onEndpoint: (endpoint) => {
          this.#endpoint = endpoint;
          this.#devices.begin();
        },
      });
      if (this.#resources.adopted !== undefined) await this.#devices.takeUp();
      await restoreContainers(
        {
          ...{ resources: this.#resources, agent, lifeline: this.#lifeline, room: this.#room },
          ...{ devices: this.#devices, hooks: this.#hooks },
        },
        this.#containers,
      );
      this.#enter({ name: 'running' });
      this.#watch.begin({
        ...{ vm, logger, runDirectory, agent, monitor: config.options.monitor },
        onDead: (reason) => this.#fail(reason),
      });
      return agent;
    } catch (error) {
      // What ended the machine says more than what its end led to.
      if (this.#state.name === 'failed') throw this.#state.error;
      throw bootFailure(explainShareFailure(error, config.sharing));
    }
  }

  /** What could not be made is taken back. What could not be taken up is left as it is, unless its machine is lost. */
  async #endBoot(reason: SandboxError): Promise<void> {
    const { adopted, logger, vm } = this.#resources;
    this.#bootError = reason;
    const exit =
      adopted === undefined
        ? undefined
        : await Promise.race([vm.exited, delay(explanationMs, undefined, { ref: false })]);
    if (adopted === undefined || exit !== undefined) this.#fail(exit ? unexpectedExit(exit) : reason);
    else if (mayFollow(this.#state.name, 'released'))
      await this.#letGo().catch((error: unknown) => logger.warn({ error }, 'not all was let go of'));
  }

  /** The sandbox goes on without this process. */
  async #letGo(): Promise<void> {
    this.#enter({ name: 'released' });
    this.#watch[Symbol.dispose]();
    this.#lifeline.lose(new SandboxError('invalid_state', `sandbox ${this.id} was let go of`));
    try {
      // What is still being taken up ends with the lifeline.
      await this.#ready.catch(() => undefined);
      const room = this.#room?.[Symbol.asyncDispose]();
      await Promise.allSettled([this.#endpoint?.close(), this.#devices.close(), room]);
      await letGo(this.#resources);
    } finally {
      this.#ended.resolve(this.#state);
    }
  }

  /** Of several things that end together, the one that explains the others is to be the reason. */
  #watchLoss(): void {
    const { vm, share } = this.#resources;
    const patience = (): Promise<undefined> => delay(explanationMs, undefined, { ref: false });
    void vm.exited.then(async (exit) => {
      if (this.#state.name === 'starting') await patience();
      this.#fail(unexpectedExit(exit));
    });
    void share.ended.then(async (how) => {
      await Promise.race([vm.exited, patience()]);
      await patience();
      this.#fail(new SandboxError('vm_exited', `file sharing failed: ${how}`));
    });
  }

  /** Who set the network up when there was a container has done so, or is doing it. Never rejects. */
  async #awaitLinks(): Promise<void> {
    const { logger, network } = this.#resources;
    if (network.links?.isAwaited !== true) return;
    await this.network.rescan().catch((error: unknown) => {
      if (this.#state.name === 'running') logger.warn({ error }, 'links that came late are not in the guest');
    });
  }

  #runningGuest(operation: string): RunningGuest {
    expectState(operation, this.#state, 'running');
    const agent = this.#endpoint?.agent;
    if (agent === undefined) throw new SandboxError('invalid_state', `${operation}: there is no agent`);
    return { agent, lifeline: this.#lifeline };
  }

  async #recordFirst(container: Container): Promise<void> {
    const { runDirectory } = this.#resources;
    if (runDirectory.record.containerId !== undefined) return;
    await runDirectory.update({ containerId: container.id, command: container.command });
  }

  #enter(next: SandboxState): void {
    if (!mayFollow(this.#state.name, next.name)) {
      throw new SandboxError(
        'invalid_state',
        `the sandbox cannot be ${next.name}, it is ${this.#state.name}`,
      );
    }
    this.#state = next;
  }

  /** The machine is lost, or never came up. Not called for what happens during a stop: that is expected then. */
  #fail(reason: SandboxError): void {
    if (!mayFollow(this.#state.name, 'failed')) return;
    this.#enter({ name: 'failed', error: reason });
    this.#watch[Symbol.dispose]();
    this.#lifeline.lose(reason);
    void this.#takeBack({ status: 'failed', error: reason.message });
  }

  async #stop({ graceful = true, exitCode }: StopOptions): Promise<void> {
    const wasRunning = this.#state.name === 'running';
    this.#enter({ name: 'stopping' });
    this.#watch[Symbol.dispose]();
    const end = this.#resources.timeline.begin('teardown');
    if (graceful && wasRunning) await this.#destroyGuest();
    this.#lifeline.lose(new SandboxError('invalid_state', 'the sandbox was stopped'));
    const failures = await this.#takeBack({
      status: 'exited',
      ...(exitCode === undefined ? {} : { exitCode }),
    });
    end();
    this.#enter({ name: 'stopped' });
    this.#ended.resolve(this.#state);
    if (failures > 0)
      throw new SandboxError('tool_failed', `sandbox ${this.id} could not be removed completely`);
  }

  async #destroyGuest(): Promise<void> {
    const agent = this.#endpoint?.agent;
    if (agent === undefined) return;
    const containerIds = this.#containers.keys();
    await destroyGuest({ resources: this.#resources, agent, devices: this.#devices, containerIds });
  }

  async #takeBack(end: Pick<Outcome, 'status' | 'error' | 'exitCode'>): Promise<number> {
    const { config, logger, runDirectory, timeline, undo } = this.#resources;
    const endPhase = timeline.begin('take back');
    await Promise.all([this.#endpoint?.close(), this.#devices.close()]);
    const isKept = config.options.keepRecord === true && runDirectory.record.containerId !== undefined;
    const outcome = { ...end, finishedAt: new Date().toISOString() };
    await runDirectory.update({ status: 'stopping', ...(isKept && { outcome }) }).catch(() => undefined);
    const failures = await undo.unwind();
    for (const { step, error } of failures)
      logger.error({ step, error, sandbox: this.id }, 'could not be taken back');
    await this.#hooks.runEndings();
    endPhase();
    if (this.#state.name === 'failed') this.#ended.resolve(this.#state);
    return failures.length;
  }
}
