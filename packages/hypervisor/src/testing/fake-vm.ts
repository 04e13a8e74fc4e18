// SPDX-License-Identifier: Apache-2.0
import { appendFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { watchBoot } from '../boot-watch.ts';
import { openDeadline, type Deadline } from '../deadline.ts';
import type { PluggableDevice, PluggedDevice } from '../hotplug/pluggable-device.ts';
import { HypervisorError } from '../hypervisor-error.ts';
import { identifyProcess } from '../process-identity.ts';
import { readProcessUsage } from '../process-usage.ts';
import type { AgentProbe, VirtualMachine, VmPhases, VmPids, WaitOptions } from '../virtual-machine.ts';
import type { VcpuThread, VmmUsage } from '../vmm-usage.ts';
import type { VmConfig } from '../vm-config.ts';
import type { VmExit, VmExitReason } from '../vm-exit.ts';
import type { VmRecord } from '../vm-record.ts';
import { VmLifecycle, type VmStateName } from '../vm-lifecycle.ts';
import { openFakeAgentPort, type FakeAgentPort, type FakeAgentTransport } from './fake-agent-port.ts';
import { FakeHotplug } from './fake-hotplug.ts';
import type { FakeGuestScript, FakeHypervisorCall } from './fake-hypervisor.ts';

/** The strings a test pulls to make things happen inside a {@link FakeVm}. */
export interface FakeGuest {
  writeConsole(text: string): void;
  powerOff(): void;
  /** Panics; the VM stays up like one whose kernel was told to wait, unless `andExit`. */
  panic(text?: string, andExit?: boolean): void;
  /** The hypervisor process ends by itself. */
  exitVmm(exit: { readonly exitCode?: number; readonly signal?: string; readonly stderr?: string }): void;
}

/** What makes a directory a snapshot of a {@link FakeVm}. */
export const fakeSnapshotFile = 'fake-snapshot';

interface Live {
  readonly port: FakeAgentPort;
}

/** What a {@link FakeVm} is made of. */
export interface FakeVmParts {
  readonly config: VmConfig;
  readonly script: FakeGuestScript;
  readonly agentTransport: FakeAgentTransport;
  readonly record: (call: FakeHypervisorCall) => void;
}

/** The VM of a {@link FakeHypervisor}; {@link guest} steers it. */
export class FakeVm implements VirtualMachine {
  readonly id: string;
  readonly config: VmConfig;
  readonly exited: Promise<VmExit>;
  readonly consoleLogPath: string;
  readonly guest: FakeGuest;
  readonly #parts: FakeVmParts;
  readonly #lifecycle: VmLifecycle<Live>;
  readonly #portPath: string;
  readonly #hotplug: FakeHotplug;
  readonly #exit = Promise.withResolvers<VmExit>();
  readonly #panic = Promise.withResolvers<string>();
  #phases: VmPhases = {};
  #console = '';
  #stderr = '';
  #stream: Duplex | undefined;
  #handedOut = false;
  #port: FakeAgentPort | undefined;

  constructor(parts: FakeVmParts) {
    this.id = parts.config.id;
    this.config = parts.config;
    this.exited = this.#exit.promise;
    this.consoleLogPath = join(parts.config.runDir, 'console.log');
    this.#portPath = join(parts.config.runDir, 'agent-port.sock');
    this.#parts = parts;
    this.#lifecycle = new VmLifecycle(this.id);
    this.#hotplug = new FakeHotplug(parts.config, parts.script);
    this.guest = {
      writeConsole: (text) => this.#writeConsole(text),
      powerOff: () => void this.#end('guest_shutdown', { exitCode: 0 }),
      panic: (text = 'Kernel panic - not syncing: scripted', andExit = false) => {
        this.#writeConsole(`${text}\n`);
        this.#panic.resolve(this.#console);
        if (andExit) void this.#end('guest_panicked', { exitCode: 0 });
      },
      exitVmm: ({ exitCode, signal, stderr = '' }) => {
        this.#stderr += stderr;
        void this.#end('vmm_exited', signal === undefined ? { exitCode: exitCode ?? 1 } : { signal });
      },
    };
  }

  get state(): VmStateName {
    return this.#lifecycle.state.name;
  }

  get phases(): VmPhases {
    return this.#phases;
  }

  get agentAddress(): string {
    if (this.state === 'created') throw this.#lifecycle.wrongState('tell its agent address');
    return `serial://${this.#portPath}`;
  }

  async start(options: WaitOptions = {}): Promise<void> {
    this.#record('start');
    this.#lifecycle.expect('start', 'created');
    using deadline = openDeadline(`starting vm ${this.id}`, options, 10_000);
    const cancel = new AbortController();
    this.#lifecycle.transition({ name: 'starting', cancel });
    this.#phases = { startCalledMs: performance.now() };
    try {
      const live = await this.#bringUp(deadline, cancel.signal);
      cancel.signal.throwIfAborted();
      this.#lifecycle.transition({ name: 'running', live });
    } catch (error) {
      await this.#end('never_started', {});
      throw error;
    }
    const now = performance.now();
    this.#phases = { ...this.#phases, vmmSpawnedMs: now, monitorReadyMs: now, guestRunningMs: now };
    this.#parts.script.onBoot?.(this.guest);
  }

  async #bringUp(deadline: Deadline, cancelled: AbortSignal): Promise<Live> {
    const signal = AbortSignal.any([deadline.signal, cancelled]);
    await deadline.race(this.#parts.script.onStarting?.(signal) ?? Promise.resolve());
    return await this.#connect(signal);
  }

  async #connect(signal: AbortSignal): Promise<Live> {
    signal.throwIfAborted();
    const { agentTransport, script } = this.#parts;
    const port = await openFakeAgentPort(agentTransport, this.#portPath, (stream) =>
      script.onAgentStream?.(stream),
    );
    this.#port = port;
    this.#stream = await port.connect(signal);
    signal.throwIfAborted();
    return { port };
  }

  async openAgentChannel(options: WaitOptions = {}): Promise<Duplex> {
    this.#record('openAgentChannel');
    const { live } = this.#lifecycle.expect('open the agent channel', 'running', 'paused');
    using deadline = openDeadline(`opening the agent channel of vm ${this.id}`, options, 5_000);
    if (this.#stream === undefined || this.#stream.destroyed) {
      this.#stream = await live.port.connect(deadline.signal);
    } else if (this.#handedOut) {
      throw this.#lifecycle.wrongState('open a second agent channel');
    }
    this.#handedOut = true;
    return this.#stream;
  }

  async waitForAgent<T>(probe: AgentProbe<T>, options: WaitOptions = {}): Promise<T> {
    this.#record('waitForAgent');
    if (this.state === 'created') throw this.#lifecycle.wrongState('wait for its agent');
    const watched = {
      id: this.id,
      exited: this.exited,
      panicked: this.#panic.promise,
      consoleTail: () => this.#console,
    };
    const value = await watchBoot(watched, probe, options);
    this.#phases = { ...this.#phases, agentReadyMs: performance.now() };
    return value;
  }

  async pause(options: WaitOptions = {}): Promise<void> {
    this.#record('pause');
    const { live } = this.#lifecycle.expect('pause', 'running');
    using deadline = openDeadline(`pausing vm ${this.id}`, options, 5_000);
    await deadline.race(Promise.resolve());
    this.#lifecycle.transition({ name: 'paused', live });
  }

  async resume(options: WaitOptions = {}): Promise<void> {
    this.#record('resume');
    const { live } = this.#lifecycle.expect('resume', 'paused');
    using deadline = openDeadline(`resuming vm ${this.id}`, options, 5_000);
    await deadline.race(Promise.resolve());
    this.#lifecycle.transition({ name: 'running', live });
  }

  async save(directory: string, options: WaitOptions = {}): Promise<void> {
    this.#record('save');
    this.#lifecycle.expect('save', 'running');
    using deadline = openDeadline(`saving vm ${this.id}`, options, 30_000);
    if (!this.config.sharedMemory || this.pluggedDevices.length > 0)
      throw new HypervisorError('unsupported', `vm ${this.id} cannot be saved`);
    if (this.#stream?.destroyed !== false)
      throw this.#lifecycle.wrongState('be saved while its agent channel is closed');
    this.#stream.destroy();
    await deadline.race(mkdir(directory));
    await writeFile(join(directory, fakeSnapshotFile), '', { signal: deadline.signal });
  }

  get pluggedDevices(): readonly PluggedDevice[] {
    return this.#hotplug.plugged;
  }

  async plug<Device extends PluggableDevice>(
    device: Device,
    options: WaitOptions = {},
  ): Promise<PluggedDevice<Device>> {
    this.#record('plug');
    this.#lifecycle.expect('plug a device', 'running', 'paused');
    return await this.#hotplug.plug(device, options);
  }

  async unplug(id: string, options: WaitOptions = {}): Promise<void> {
    this.#record('unplug');
    this.#lifecycle.expect('unplug a device', 'running');
    await this.#hotplug.unplug(id, options);
  }

  async resizeMemory(id: string, requestedMib: number, options: WaitOptions = {}): Promise<void> {
    this.#record('resizeMemory');
    this.#lifecycle.expect('resize memory', 'running');
    await this.#hotplug.resizeMemory(id, requestedMib, options);
  }

  async resizeBlock(id: string, sizeBytes: number, options: WaitOptions = {}): Promise<void> {
    this.#record('resizeBlock');
    this.#lifecycle.expect('resize a disk', 'running', 'paused');
    await this.#hotplug.resizeBlock(id, sizeBytes, options);
  }

  async record(): Promise<VmRecord> {
    this.#lifecycle.expect('be written down', 'running', 'paused');
    this.#expectSurvival();
    const own = await identifyProcess(process.pid);
    if (own === undefined) throw new HypervisorError('unsupported', '/proc is not readable');
    return { driver: 'fake', version: 1, process: own, state: { id: this.id } };
  }

  async release(): Promise<void> {
    this.#record('release');
    this.#lifecycle.expect('be let go', 'running', 'paused');
    this.#expectSurvival();
    await this.#end('released', {});
  }

  /** Goes on as the machine that another object has let go of. */
  static async adopt(
    parts: FakeVmParts,
    plugged: readonly PluggedDevice[],
    options: WaitOptions,
  ): Promise<FakeVm> {
    const vm = new FakeVm(parts);
    vm.#hotplug.adopt(plugged);
    using deadline = openDeadline(`adopting vm ${vm.id}`, options, 5_000);
    vm.#lifecycle.transition({ name: 'starting', cancel: new AbortController() });
    vm.#lifecycle.transition({ name: 'running', live: await vm.#connect(deadline.signal) });
    return vm;
  }

  pids(): VmPids {
    this.#lifecycle.expect('tell its process ids', 'running', 'paused');
    return { vmm: process.pid };
  }

  async vcpuThreads(options: WaitOptions = {}): Promise<readonly VcpuThread[]> {
    this.#lifecycle.expect('tell its threads', 'running', 'paused');
    using deadline = openDeadline(`threads of vm ${this.id}`, options, 5_000);
    return await deadline.race(
      Promise.resolve(
        Array.from({ length: this.#hotplug.vcpus }, (_, index) => ({ index, threadId: process.pid })),
      ),
    );
  }

  async usage(): Promise<VmmUsage> {
    return await readProcessUsage(this.pids().vmm);
  }

  stop(): Promise<VmExit> {
    this.#record('stop');
    const state = this.#lifecycle.state;
    switch (state.name) {
      case 'stopped':
        return Promise.resolve(state.exit);
      case 'stopping':
        return state.outcome;
      case 'starting':
        state.cancel.abort(new HypervisorError('aborted', `starting vm ${this.id} was aborted by stop`));
        // The start undoes what it did, and ends the VM.
        return this.exited;
      case 'created':
        return this.#end('never_started', {});
      case 'running':
      case 'paused':
        return this.#end('stopped', { exitCode: 0 });
      default:
        return state satisfies never;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #end(reason: VmExitReason, how: { readonly exitCode?: number; readonly signal?: string }): Promise<VmExit> {
    const state = this.#lifecycle.state;
    if (state.name === 'stopped') return Promise.resolve(state.exit);
    if (state.name === 'stopping') return state.outcome;
    const exit: VmExit = {
      reason,
      exitCode: how.exitCode ?? null,
      signal: how.signal ?? null,
      ...(reason === 'stopped' && { stoppedBy: 'request' as const }),
      stderrTail: this.#stderr,
      consoleTail: this.#console,
    };
    const outcome = (async () => {
      await this.#port?.[Symbol.asyncDispose]();
      this.#lifecycle.transition({ name: 'stopped', exit });
      this.#exit.resolve(exit);
      return exit;
    })();
    this.#lifecycle.transition({ name: 'stopping', outcome });
    return outcome;
  }

  #writeConsole(text: string): void {
    this.#console += text;
    appendFileSync(this.consoleLogPath, text);
  }

  #expectSurvival(): void {
    if (this.config.survivesOwner !== true)
      throw new HypervisorError('unsupported', `vm ${this.id} ends with its owner`);
  }

  #record(method: FakeHypervisorCall['method']): void {
    this.#parts.record({ method, vmId: this.id });
  }
}
