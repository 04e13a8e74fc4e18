// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { DevicePlugging } from './hotplug/device-plugging.ts';
import type { VcpuThread, VmmUsage } from './vmm-usage.ts';
import type { VmExit } from './vm-exit.ts';
import type { VmRecord } from './vm-record.ts';
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
 *   running --> stopping: stop, release, memory dump
 *   paused --> stopping: stop, release
 *   running --> stopped: guest or VMM ended
 *   paused --> stopped: VMM ended
 *   stopping --> stopped
 * ```
 *
 * `[Symbol.asyncDispose]` is {@link stop}.
 */
export interface VirtualMachine extends AsyncDisposable, DevicePlugging {
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
   * @throws HypervisorError `invalid_state` (not running, or the agent channel is closed: the guest could not be seen to
   *   wait) | `unsupported` (see {@link Hypervisor.snapshotSupport}) | `monitor_failed` |
   *   `timeout` | `aborted`
   */
  save(directory: string, options?: WaitOptions): Promise<void>;

  /**
   * What {@link Hypervisor.adoptVm} takes. To be asked again when devices were plugged or unplugged.
   *
   * @throws HypervisorError `invalid_state` while there is no process | `unsupported` if it ends with its owner
   */
  record(): Promise<VmRecord>;

  /**
   * Lets go of a machine that survives its owner: connections are closed, the machine goes on, and another process, or this
   * one, may adopt it. The object is `stopped` afterwards, its exit `released`.
   *
   * @throws HypervisorError `invalid_state` while it does not run | `unsupported` if it ends with its owner
   */
  release(): Promise<void>;

  /** @throws HypervisorError `invalid_state` while there is no process */
  pids(): VmPids;

  /** By index, plugged ones included. @throws HypervisorError `invalid_state` | `monitor_failed` | `timeout` | `aborted` */
  vcpuThreads(options?: WaitOptions): Promise<readonly VcpuThread[]>;

  /** @throws HypervisorError `invalid_state` while there is no process */
  usage(): Promise<VmmUsage>;

  /**
   * Ends the VM by request, SIGTERM, SIGKILL, and waits until it is reaped; bounded by `timeoutMs`. Idempotent:
   * concurrent and later calls share one outcome. A memory dump that is being written is given up. Never rejects.
   */
  stop(options?: StopOptions): Promise<VmExit>;
}
