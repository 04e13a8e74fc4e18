// SPDX-License-Identifier: Apache-2.0
import type { ByteSink, ByteSource, ExitStatus, TerminalEnd } from '../process/process-io.ts';

/** Collects the ends of processes the agent did not start itself. */
export interface ProcessReaper {
  /** The end of an orphan that has become the agent's child. */
  watch(pid: number): Promise<ExitStatus>;
  /** While held, ended orphans nobody watches yet are kept for {@link ProcessReaper.watch}. */
  hold(): Disposable;
}

/** A listening socket over which the runtime hands the master of a terminal. */
export interface TerminalReceiver extends Disposable {
  readonly path: string;
  /** The descriptor that was sent; EAGAIN when none was. */
  receiveTerminal(): number;
}

/** Descriptors as crun needs them: real pipes and real terminals. */
export interface DescriptorFactory {
  /** Both ends close-on-exec. */
  createPipe(options?: { readonly capacityBytes?: number }): {
    readonly readFd: number;
    readonly writeFd: number;
  };
  /** @param isWidenable - whether its pipe may be given another capacity */
  createReader(fd: number, isWidenable: boolean): ByteSource;
  createWriter(fd: number): ByteSink;
  createTerminal(masterFd: number): TerminalEnd;
  createTerminalReceiver(path: string): TerminalReceiver;
  closeFd(fd: number): void;
}

/** What {@link createCrunRuntime} works with. */
export interface CrunComponents {
  readonly reaper: ProcessReaper;
  readonly descriptors: DescriptorFactory;
  /** Sends a signal by number; ESRCH when there is no such process. */
  readonly kill: (pid: number, signal: number) => void;
}

/** Settings of {@link createCrunRuntime}. */
export interface CrunOptions {
  /** Holds state, logs and pid files; made when missing. */
  readonly runtimeDir: string;
  /** The program. Default `crun`. */
  readonly program?: string;
  /** Words put before the program, for example to run it in other mounts. */
  readonly launcher?: readonly string[];
  /** Capacity of the pipes; 0 = the kernel's default. */
  readonly pipeCapacityBytes?: number;
  /** Use chroot instead of pivot_root, as an initramfs needs. Default false. */
  readonly noPivotRoot?: boolean;
}
