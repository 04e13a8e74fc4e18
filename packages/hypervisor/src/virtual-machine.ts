// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { PluggableDevice, PluggedDevice } from './hotplug/pluggable-device.ts';
import type { VmExit } from './vm-exit.ts';
import type { VmStateName } from './vm-lifecycle.ts';

/** Options of every wait on a VM. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Options of {@link VirtualMachine.stop}. It cannot be aborted: an abandoned stop would leave a process behind. */
export interface StopOptions {
  /** Upper bound of the whole stop. Default 5000. */
  readonly timeoutMs?: number;
}

/** A CPU of the guest and the thread of the host that runs it. */
export interface VcpuThread {
  readonly index: number;
  readonly threadId: number;
}

/** What the hypervisor process of one machine uses on the host. */
export interface VmmUsage {
  readonly threads: number;
  readonly openFiles: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  /** Processor time since its start. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** From and to storage; undefined where the kernel does not count it. */
  readonly readBytes?: number;
  readonly writtenBytes?: number;
}

/** Process ids on the host. */
export interface VmPids {
  readonly vmm: number;
}

/** When a phase of the start was reached, in milliseconds of `performance.now()`. */
export interface VmPhases {
  readonly startCalledMs?: number;
  readonly vmmSpawnedMs?: number;
  /** The control interface answered. */
  readonly monitorReadyMs?: number;
  /** The first guest instruction may run. */
  readonly guestRunningMs?: number;
  readonly agentReadyMs?: number;
}

/** Tries to reach the agent once; rejects while it is not there. Must honour the signal. */
export type AgentProbe<T> = (signal: AbortSignal) => Promise<T>;

/**
 * One virtual machine, from not started to stopped; it does not start twice.
 *
 * ```mermaid
 * stateDiagram-v2
 *   created --> starting: start
 *   created --> stopped: stop
 *   starting --> running
 *   starting --> stopping: start failed, stop
 *   running --> paused: pause
 *   paused --> running: resume
 *   running --> stopping: stop
 *   paused --> stopping: stop
 *   running --> stopped: guest or VMM ended
 *   paused --> stopped: VMM ended
 *   stopping --> stopped
 * ```
 *
 * `[Symbol.asyncDispose]` is {@link stop}.
 */
export interface VirtualMachine extends AsyncDisposable {
  readonly id: string;
  readonly state: VmStateName;

  /**
   * Address of the agent in the words of `@hako/ttrpc`: `vsock://CID:1024` or `serial://SOCKETPATH`.
   * Known from `start` on; before that, reading it throws `invalid_state`.
   */
  readonly agentAddress: string;

  /** Settles once, when nothing of the VM is left. Never rejects. */
  readonly exited: Promise<VmExit>;

  /** Everything the guest wrote to its console, bounded; stays after the stop. */
  readonly consoleLogPath: string;

  readonly phases: VmPhases;

  /**
   * Starts the VM; fulfilled when the guest's first instruction may run. Default `timeoutMs` 10 000.
   *
   * Failure, deadline and abort undo everything; the VM is `stopped` afterwards.
   *
   * @throws HypervisorError `invalid_state` | `vmm_exited` | `monitor_failed` | `timeout` | `aborted` | `unsupported`
   */
  start(options?: WaitOptions): Promise<void>;

  /**
   * The byte stream to the agent. On virtio-serial it is connected before the guest boots; there is one at a time,
   * and after it was closed the next call connects a new one.
   *
   * @throws HypervisorError `invalid_state` (not running, or the one stream is in use) | `unsupported` | `monitor_failed`
   */
  openAgentChannel(options?: WaitOptions): Promise<Duplex>;

  /**
   * Boot watch: calls `probe` until it fulfils and answers with its value. A probe that rejects is called again
   * after a short pause. Default `timeoutMs` 30 000. Leaves the VM as it is: stopping it is the caller's decision.
   *
   * @throws HypervisorError `vmm_exited` (with `stderrTail`) | `guest_panicked` (with `consoleTail`) | `agent_silent`
   *   (deadline; `cause` is the last rejection of the probe) | `aborted` | `invalid_state`
   */
  waitForAgent<T>(probe: AgentProbe<T>, options?: WaitOptions): Promise<T>;

  /** @throws HypervisorError `invalid_state` | `monitor_failed` | `timeout` | `aborted` */
  pause(options?: WaitOptions): Promise<void>;

  /** @throws HypervisorError `invalid_state` | `monitor_failed` | `timeout` | `aborted` */
  resume(options?: WaitOptions): Promise<void>;

  /**
   * Writes the machine as it is into a directory, from which others can start ({@link VmConfig.restoreFrom}). The agent
   * channel is closed first, so that the guest waits for a new one; the guest stands still meanwhile and goes on
   * afterwards. Memory takes disk space as far as the guest has used it. Default `timeoutMs` 30 000.
   *
   * @param directory must not exist, its parent must; nothing of it is left on failure
   * @throws HypervisorError `invalid_state` | `unsupported` (see {@link Hypervisor.snapshotSupport}) | `monitor_failed` |
   *   `timeout` | `aborted`
   */
  save(directory: string, options?: WaitOptions): Promise<void>;

  /**
   * Puts a device into the machine while it runs, whole or not at all. Fulfilled when the machine has it; the guest may
   * need a moment more to notice. Plugs of one machine happen one after the other. Default `timeoutMs` 10 000.
   *
   * Failure, deadline and abort take back what was done. Where the guest has the device by then and does not let go of
   * it, its id stays taken until {@link unplug} succeeds.
   *
   * @throws HypervisorError `invalid_device` | `device_exists` | `no_free_slot` | `unsupported` | `invalid_state` |
   *   `monitor_failed` | `timeout` | `aborted`
   */
  plug<Device extends PluggableDevice>(device: Device, options?: WaitOptions): Promise<PluggedDevice<Device>>;

  /**
   * Takes a plugged device out. Fulfilled when the guest has let go of it and the host's half is closed; that needs a
   * guest which runs and takes part. Default `timeoutMs` 10 000. After a failure the device is still there, at least in
   * part, and may be unplugged again.
   *
   * @throws HypervisorError `device_missing` | `guest_refused` | `unsupported` | `invalid_state` | `monitor_failed` |
   *   `timeout` | `aborted`
   */
  unplug(id: string, options?: WaitOptions): Promise<void>;

  /**
   * Asks the guest to grow or shrink to another size of a `virtio-mem` device; fulfilled when it has. A guest shrinks only
   * as far as it can do without the memory: after a deadline it may have come part of the way, and the request stands.
   * Default `timeoutMs` 10 000.
   *
   * @throws HypervisorError `invalid_device` | `device_missing` | `invalid_state` | `monitor_failed` | `timeout` |
   *   `aborted`
   */
  resizeMemory(id: string, requestedMib: number, options?: WaitOptions): Promise<void>;

  /** What {@link plug} has put in and {@link unplug} has not taken out. */
  readonly pluggedDevices: readonly PluggedDevice[];

  /** @throws HypervisorError `invalid_state` while there is no process */
  pids(): VmPids;

  /** By index, plugged ones included. @throws HypervisorError `invalid_state` | `monitor_failed` | `timeout` | `aborted` */
  vcpuThreads(options?: WaitOptions): Promise<readonly VcpuThread[]>;

  /** @throws HypervisorError `invalid_state` while there is no process */
  usage(): Promise<VmmUsage>;

  /**
   * Ends the VM by request, SIGTERM, SIGKILL, and waits until it is reaped; bounded by `timeoutMs`. Idempotent:
   * concurrent and later calls share one outcome. Never rejects.
   */
  stop(options?: StopOptions): Promise<VmExit>;
}
