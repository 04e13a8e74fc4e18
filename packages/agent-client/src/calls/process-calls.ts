// SPDX-License-Identifier: Apache-2.0
import type {
  DeepPartial,
  ExecProcessRequest,
  ReadStreamResponse,
  WaitProcessResponse,
  WriteStreamResponse,
} from '@hako/protocols/agent';
import type { Empty } from '@hako/protocols/empty';
import type { AgentCallOptions, Caller } from '../caller.ts';

/** Names a process. A container's first process has the container's id as exec id; an empty one means it, too. */
export interface ProcessId {
  readonly containerId: string;
  readonly execId: string;
}

/** Calls on one process. Each rejects with `AgentClientError`. */
export interface ProcessCalls {
  /** Starts one more process in a container; it runs at once. */
  execProcess(request: DeepPartial<ExecProcessRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Sends a signal by number; SIGKILL with an empty exec id goes to every process of the container. */
  signalProcess(request: ProcessId & { readonly signal: number }, options?: AgentCallOptions): Promise<Empty>;
  /** Waits, without deadline, for the end; `status` is the exit code, or 128 plus the signal's number. */
  waitProcess(request: ProcessId, options?: AgentCallOptions): Promise<WaitProcessResponse>;
  /** Writes to standard input; `len` says how much was taken. Empty data closes it: see `writeStdin` for whole data. */
  writeStdin(
    request: ProcessId & { readonly data: Uint8Array },
    options?: AgentCallOptions,
  ): Promise<WriteStreamResponse>;
  /** Closes standard input. */
  closeStdin(request: ProcessId, options?: AgentCallOptions): Promise<Empty>;
  /** Waits, without deadline, for output of at most `len` bytes; empty data is its end. */
  readStdout(
    request: ProcessId & { readonly len: number },
    options?: AgentCallOptions,
  ): Promise<ReadStreamResponse>;
  /** As `readStdout`, for standard error. */
  readStderr(
    request: ProcessId & { readonly len: number },
    options?: AgentCallOptions,
  ): Promise<ReadStreamResponse>;
  /** Sets the size of a terminal, in characters. */
  ttyWinResize(
    request: ProcessId & { readonly row: number; readonly column: number },
    options?: AgentCallOptions,
  ): Promise<Empty>;
}

/** Makes the {@link ProcessCalls} of a caller. */
export function processCalls(call: Caller): ProcessCalls {
  return {
    execProcess: (request, options) =>
      call('ExecProcessRequest', options, ({ agent }, o) => agent.execProcess(request, o)),
    signalProcess: (request, options) =>
      call('SignalProcessRequest', options, ({ agent }, o) => agent.signalProcess(request, o)),
    waitProcess: (request, options) =>
      call('WaitProcessRequest', options, ({ agent }, o) => agent.waitProcess(request, o)),
    writeStdin: (request, options) =>
      call('WriteStdinRequest', options, ({ agent }, o) => agent.writeStdin(request, o)),
    closeStdin: (request, options) =>
      call('CloseStdinRequest', options, ({ agent }, o) => agent.closeStdin(request, o)),
    readStdout: (request, options) =>
      call('ReadStdoutRequest', options, ({ agent }, o) => agent.readStdout(request, o)),
    readStderr: (request, options) =>
      call('ReadStderrRequest', options, ({ agent }, o) => agent.readStderr(request, o)),
    ttyWinResize: (request, options) =>
      call('TtyWinResizeRequest', options, ({ agent }, o) => agent.ttyWinResize(request, o)),
  };
}
