// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import {
  HypervisorError,
  identifyProcess,
  openDeadline,
  readProcessUsage,
  VmLifecycle,
  watchBoot,
  type AgentProbe,
  type PluggableDevice,
  type PluggedDevice,
  type StopOptions,
  type VcpuThread,
  type VirtualMachine,
  type VmConfig,
  type VmExit,
  type VmmUsage,
  type VmPhases,
  type VmPids,
  type VmRecord,
  type VmStateName,
  type WaitOptions,
} from '@hako/hypervisor';
import type { AdoptedVmm } from './adopt-vmm.ts';
import type { Accelerator } from './accelerator/accelerator.ts';
import type { AgentVsock } from './agent-channel.ts';
import { isCidTaken } from './agent-road.ts';
import type { AgentRoad } from './command-line/launch-plan.ts';
import type { MachineProfile } from './command-line/machine-profile.ts';
import { QemuHotplug, type SavedHotplug } from './hotplug/qemu-hotplug.ts';
import { launchVmm, monitorError, type LaunchPhase } from './launch-vmm.ts';
import type { QmpCommands } from './qmp/generated/qmp-types.ts';
import type { QmpClientOptions } from './qmp/qmp-client.ts';
import { QmpError } from './qmp/qmp-error.ts';
import { saveRunning } from './snapshot/save-running.ts';
import {
  consoleLogPath,
  describeExit,
  disconnectVmm,
  neverStarted,
  releaseVmm,
  stopVmm,
  type RunningVmm,
} from './running-vmm.ts';
import { survivalSockets } from './process/survival-sockets.ts';
import { encodeState } from './vm-state.ts';

const startTimeoutMs = 10_000;
const commandTimeoutMs = 5_000;
const stopTimeoutMs = 5_000;
const saveTimeoutMs = 30_000;
/** Other CIDs tried when the drawn one is taken. */
const cidAttempts = 5;

/** How a machine that does not run yet is launched. */
export interface LaunchChoices {
  /** Draws a road; called again when a vsock CID turns out to be taken. */
  readonly chooseRoad: () => Promise<AgentRoad>;
  readonly commandFor: (road: AgentRoad) => readonly [string, ...(readonly string[])];
}

/** What a {@link QemuVm} is made of: decisions, and what runs already if another process has started it. */
export interface QemuVmParts {
  readonly config: VmConfig;
  readonly origin:
    | ({ readonly kind: 'new' } & LaunchChoices)
    | ({ readonly kind: 'adopted'; readonly hotplug: SavedHotplug } & AdoptedVmm);
  readonly vsock: AgentVsock;
  readonly machine: MachineProfile;
  readonly accelerator: Accelerator;
  /** Told why the memory of a guest that has panicked is not written. */
  readonly onDumpFailure: (error: unknown) => void;
  /** What QEMU is sent open files by, loaded on first use. */
  readonly loadSendDescriptors?: QmpClientOptions['loadSendDescriptors'];
}

/** A virtual machine run by a QEMU process of its own. */
export class QemuVm implements VirtualMachine {
  readonly id: string;
  readonly consoleLogPath: string;
  readonly exited: Promise<VmExit>;
  readonly #parts: QemuVmParts;
  readonly #lifecycle: VmLifecycle<RunningVmm>;
  readonly #exit = Promise.withResolvers<VmExit>();
  readonly #givesUpDump = new AbortController();
  #address: string | undefined;
  #hotplug: QemuHotplug | undefined;
  #phases: VmPhases = {};
  /** Kept beyond the end for the boot watch, which may start after it. */
  #panicked: Promise<string> = new Promise(() => undefined);
  #consoleTail: () => string = () => '';

  constructor(parts: QemuVmParts) {
    this.id = parts.config.id;
    this.consoleLogPath = consoleLogPath(parts.config.runDir);
    this.exited = this.#exit.promise;
    this.#parts = parts;
    const { origin } = parts;
    if (origin.kind === 'new') {
      this.#lifecycle = new VmLifecycle(this.id);
      return;
    }
    const { live, isPaused, hotplug } = origin;
    this.#lifecycle = new VmLifecycle(this.id, { name: isPaused ? 'paused' : 'running', live });
    this.#watch(live).adopt(hotplug);
    this.#follow(live);
  }

  get state(): VmStateName {
    return this.#lifecycle.state.name;
  }

  get phases(): VmPhases {
    return this.#phases;
  }

  get agentAddress(): string {
    if (this.#address === undefined) throw this.#lifecycle.wrongState('tell its agent address');
    return this.#address;
  }

  async start(options: WaitOptions = {}): Promise<void> {
    this.#lifecycle.expect('start', 'created');
    using deadline = openDeadline(`starting vm ${this.id}`, options, startTimeoutMs);
    const cancel = new AbortController();
    this.#lifecycle.transition({ name: 'starting', cancel });
    this.#phases = { startCalledMs: performance.now() };
    const signal = AbortSignal.any([deadline.signal, cancel.signal]);
    try {
      const live = await this.#launch(signal);
      if (signal.aborted) await abandonRunning(live, signal);
      this.#lifecycle.transition({ name: 'running', live });
      this.#follow(live);
    } catch (error) {
      const seen = HypervisorError.is(error) ? error.exit : undefined;
      this.#finish(seen ?? neverStarted);
      throw error;
    }
  }

  async #launch(signal: AbortSignal): Promise<RunningVmm> {
    const { config, origin, vsock, loadSendDescriptors } = this.#parts;
    if (origin.kind === 'adopted') throw this.#lifecycle.wrongState('start');
    const { chooseRoad, commandFor } = origin;
    const { runDir, survivesOwner, restoreFrom } = config;
    for (let attempt = 1; ; attempt += 1) {
      const road = await chooseRoad();
      try {
        const live = await launchVmm(
          {
            vmId: this.id,
            runDir,
            ...(survivesOwner === true && { sockets: survivalSockets(runDir) }),
            command: commandFor(road),
            road,
            vsock,
            loadSendDescriptors,
            ...(restoreFrom !== undefined && { restoreFrom }),
            onPhase: (phase) => this.#note(phase),
          },
          signal,
        );
        this.#watch(live);
        return live;
      } catch (error) {
        const taken =
          road.kind === 'vsock' && HypervisorError.is(error) && isCidTaken(error.stderrTail ?? '');
        if (!taken || attempt === cidAttempts) throw error;
      }
    }
  }

  #watch({ monitor, console }: RunningVmm): QemuHotplug {
    const { config, machine, accelerator } = this.#parts;
    const hotplug = new QemuHotplug({ monitor, config, machine, accelerator });
    this.#hotplug = hotplug;
    // Whoever hears of a panic ends the machine, which its dump does by itself.
    if (config.memoryDump === undefined) this.#panicked = console.panicked;
    this.#consoleTail = () => console.tail();
    return hotplug;
  }

  #follow(live: RunningVmm): void {
    this.#address = live.agent.address;
    void live.panic.promise.then(() => this.#onPanic(live));
    void live.process.ended.then(async (end) => this.#onProcessEnded(live, describeExit(live, end)));
  }

  async openAgentChannel(options: WaitOptions = {}): Promise<Duplex> {
    const { live } = this.#lifecycle.expect('open the agent channel', 'running', 'paused');
    using deadline = openDeadline(`opening the agent channel of vm ${this.id}`, options, commandTimeoutMs);
    return await live.agent.open(deadline.signal);
  }

  async waitForAgent<T>(probe: AgentProbe<T>, options: WaitOptions = {}): Promise<T> {
    if (this.#address === undefined) throw this.#lifecycle.wrongState('wait for its agent');
    const watched = {
      id: this.id,
      exited: this.exited,
      panicked: this.#panicked,
      consoleTail: this.#consoleTail,
    };
    const value = await watchBoot(watched, probe, options);
    this.#phases = { ...this.#phases, agentReadyMs: performance.now() };
    return value;
  }

  async pause(options: WaitOptions = {}): Promise<void> {
    const { live } = this.#lifecycle.expect('pause', 'running');
    await this.#command(live, 'stop', options);
    this.#lifecycle.transition({ name: 'paused', live });
  }

  async resume(options: WaitOptions = {}): Promise<void> {
    const { live } = this.#lifecycle.expect('resume', 'paused');
    await this.#command(live, 'cont', options);
    this.#lifecycle.transition({ name: 'running', live });
  }

  async save(directory: string, options: WaitOptions = {}): Promise<void> {
    const { live } = this.#lifecycle.expect('save', 'running');
    using deadline = openDeadline(`saving vm ${this.id}`, options, saveTimeoutMs);
    const { config } = this.#parts;
    const hasPlugged = this.pluggedDevices.length > 0;
    await this.#translated(saveRunning(live, { directory, config, hasPlugged }, deadline.signal));
  }

  get pluggedDevices(): readonly PluggedDevice[] {
    return this.#hotplug?.plugged ?? [];
  }

  async plug<Device extends PluggableDevice>(
    device: Device,
    options: WaitOptions = {},
  ): Promise<PluggedDevice<Device>> {
    this.#lifecycle.expect('plug a device', 'running', 'paused');
    return await this.#withHotplug((hotplug) => hotplug.plug(device, options));
  }

  async unplug(id: string, options: WaitOptions = {}): Promise<void> {
    this.#lifecycle.expect('unplug a device', 'running');
    await this.#withHotplug((hotplug) => hotplug.unplug(id, options));
  }

  async resizeMemory(id: string, requestedMib: number, options: WaitOptions = {}): Promise<void> {
    this.#lifecycle.expect('resize memory', 'running');
    await this.#withHotplug((hotplug) => hotplug.resizeMemory(id, requestedMib, options));
  }

  async resizeBlock(id: string, sizeBytes: number, options: WaitOptions = {}): Promise<void> {
    this.#lifecycle.expect('resize a disk', 'running', 'paused');
    await this.#withHotplug((hotplug) => hotplug.resizeBlock(id, sizeBytes, options));
  }

  async record(): Promise<VmRecord> {
    const { live } = this.#lifecycle.expect('be written down', 'running', 'paused');
    this.#expectSurvival();
    const process = await identifyProcess(live.process.pid);
    if (process === undefined || this.#hotplug === undefined)
      throw this.#lifecycle.wrongState('be written down');
    const { config, machine, accelerator } = this.#parts;
    return encodeState(process, {
      ...{ config, accelerator, machine: machine.name, road: live.road },
      hotplug: this.#hotplug.saved,
    });
  }

  async release(): Promise<void> {
    const { live } = this.#lifecycle.expect('be let go', 'running', 'paused');
    this.#expectSurvival();
    const exit = { ...describeExit(live, undefined), reason: 'released' } as const;
    const outcome = Promise.resolve(exit);
    this.#lifecycle.transition({ name: 'stopping', outcome });
    disconnectVmm(live);
    live.process.unref();
    this.#finish(await outcome);
  }

  pids(): VmPids {
    const { live } = this.#lifecycle.expect('tell its process ids', 'running', 'paused');
    return { vmm: live.process.pid };
  }

  async vcpuThreads(options: WaitOptions = {}): Promise<readonly VcpuThread[]> {
    const { live } = this.#lifecycle.expect('tell its threads', 'running', 'paused');
    const cpus = await this.#command(live, 'query-cpus-fast', options);
    return cpus.map((cpu) => ({ index: cpu['cpu-index'], threadId: cpu['thread-id'] }));
  }

  async usage(): Promise<VmmUsage> {
    return await readProcessUsage(this.pids().vmm);
  }

  async stop({ timeoutMs = stopTimeoutMs }: StopOptions = {}): Promise<VmExit> {
    const state = this.#lifecycle.state;
    switch (state.name) {
      case 'created':
        return this.#finish(neverStarted);
      case 'starting':
        // The start undoes what it did, and ends the VM.
        state.cancel.abort(new HypervisorError('aborted', `starting vm ${this.id} was aborted by stop`));
        return await this.exited;
      case 'running':
      case 'paused': {
        const outcome = this.#stopRunning(state.live, timeoutMs);
        this.#lifecycle.transition({ name: 'stopping', outcome });
        return await outcome;
      }
      case 'stopping':
        this.#givesUpDump.abort(new HypervisorError('aborted', `vm ${this.id} was stopped`));
        return await state.outcome;
      case 'stopped':
        return state.exit;
      default:
        return state satisfies never;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #expectSurvival(): void {
    if (this.#parts.config.survivesOwner === true) return;
    throw new HypervisorError('unsupported', `vm ${this.id} ends with its owner`, { operand: this.id });
  }

  async #withHotplug<T>(work: (hotplug: QemuHotplug) => Promise<T>): Promise<T> {
    if (this.#hotplug === undefined) throw this.#lifecycle.wrongState('change its devices');
    return await this.#translated(work(this.#hotplug));
  }

  async #command<Name extends 'stop' | 'cont' | 'query-cpus-fast'>(
    live: RunningVmm,
    command: Name,
    options: WaitOptions,
  ): Promise<QmpCommands[Name]['returns']> {
    return await this.#translated(live.monitor.execute(command, {}, options));
  }

  async #translated<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw error instanceof QmpError ? monitorError(this.id, error) : error;
    }
  }

  async #stopRunning(live: RunningVmm, timeoutMs: number): Promise<VmExit> {
    // From the next turn on, so that the state says `stopping` before anything happens.
    await Promise.resolve();
    const exit = await stopVmm(live, timeoutMs);
    await releaseVmm(live);
    return this.#finish(exit);
  }

  async #onPanic(live: RunningVmm): Promise<void> {
    const { name } = this.#lifecycle.state;
    const { config, onDumpFailure: onFailure } = this.#parts;
    const { memoryDump: dump } = config;
    if (dump === undefined || (name !== 'running' && name !== 'paused')) return;
    const ended = import('./dump/end-panicked.ts').then(({ endPanicked }) =>
      endPanicked({ live, config, dump, onFailure }, this.#givesUpDump.signal),
    );
    const outcome = ended.then((exit) => this.#finish(exit));
    this.#lifecycle.transition({ name: 'stopping', outcome });
    await outcome;
  }

  async #onProcessEnded(live: RunningVmm, exit: VmExit): Promise<void> {
    const state = this.#lifecycle.state;
    // A stop that is under way tells the story itself.
    if (state.name !== 'running' && state.name !== 'paused') return;
    const outcome = releaseVmm(live).then(() => this.#finish(exit));
    this.#lifecycle.transition({ name: 'stopping', outcome });
    await outcome;
  }

  #finish(exit: VmExit): VmExit {
    this.#lifecycle.transition({ name: 'stopped', exit });
    this.#exit.resolve(exit);
    return exit;
  }

  #note(phase: LaunchPhase): void {
    this.#phases = { ...this.#phases, [`${phase}Ms`]: performance.now() };
  }
}

/** Ends a VM whose start was given up in the moment it succeeded. */
async function abandonRunning(live: RunningVmm, signal: AbortSignal): Promise<never> {
  await stopVmm(live, stopTimeoutMs);
  await releaseVmm(live);
  throw signal.reason;
}
