// SPDX-License-Identifier: Apache-2.0
import type { OciProcess, OciResources } from '@hako/protocols';
import type { ExitStatus, ProcessIo } from '../process/process-io.ts';

/** A process the runtime has started. */
export interface RuntimeProcess {
  /** Its id in the agent's pid namespace. */
  readonly pid: number;
  /** Its root directory as the agent reaches it, mounts of its namespace included; gone with the process. */
  readonly rootDir: string;
  /** Resolves when it has ended and been reaped. */
  readonly exited: Promise<ExitStatus>;
  /** The agent's ends of its standard streams; whoever takes the process closes them. */
  readonly io: ProcessIo;
  /** Sends a signal by number; ESRCH when it is gone. */
  signal(signal: number): void;
  /** Whether it blocks, ignores or catches a signal. False when that cannot be told because it is gone. */
  heeds(signal: number): Promise<boolean>;
}

/** A container to make. */
export interface CreateRequest {
  /** Checked id. */
  readonly containerId: string;
  /** Holds `config.json`, which is complete. */
  readonly bundleDir: string;
  /** `process.terminal` of `config.json`. */
  readonly terminal: boolean;
  /** Who makes the cgroup. */
  readonly cgroupManager: 'cgroupfs' | 'systemd';
  /** Stops the attempt; nothing is left then. */
  readonly signal: AbortSignal;
}

/** A process to start in a container. */
export interface ExecRequest {
  readonly containerId: string;
  readonly process: OciProcess;
  /** Stops the attempt; nothing is left then. */
  readonly signal: AbortSignal;
}

/** Which optional things a runtime can do. */
export interface RuntimeFeatures {
  /** Applies seccomp filters, and the kernel has them. */
  readonly seccomp: boolean;
}

/**
 * A program that makes containers as the OCI runtime specification says.
 *
 * Errors of all methods: AgentError `program_not_found`, `program_not_executable`, `runtime_failed`.
 */
export interface OciRuntime {
  /** Name of the program, for messages. */
  readonly name: string;
  /** Makes a container up to the point just before its program runs. Leaves nothing when it fails. */
  create(request: CreateRequest): Promise<RuntimeProcess>;
  /** Lets the program of a created container run. */
  start(containerId: string): Promise<void>;
  /** Starts one more process, which runs at once. Leaves nothing when it fails. */
  exec(request: ExecRequest): Promise<RuntimeProcess>;
  /**
   * Changes limits of a container. It is given only what the cgroups of this machine have; a limit the kernel refuses is
   * `runtime_failed`.
   */
  update(containerId: string, resources: OciResources): Promise<void>;
  /** Removes a container with whatever still runs in it. One that is not there is no error. */
  delete(containerId: string): Promise<void>;
  /** Asks the program once. */
  features(): Promise<RuntimeFeatures>;
}
