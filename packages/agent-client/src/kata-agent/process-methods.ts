// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { AgentCallOptions } from '../caller.ts';
import type { AgentLink } from './agent-link.ts';
import { processOfCommand, type AgentCommand, type AgentProcess } from './agent-process.ts';

/** Names a process by its container and its token. */
export interface ProcessRef {
  readonly containerId: string;
  readonly token: string;
}

/** What is done with processes. */
export interface ProcessMethods {
  /** Runs one more program in a container, under a fresh name. */
  exec(containerId: string, command: AgentCommand, options?: AgentCallOptions): Promise<AgentProcess>;
  /** Sends a signal: to one process, or to all of the container. */
  signalProcess(process: ProcessRef, signal: number, all: boolean, options?: AgentCallOptions): Promise<void>;
  /** Sets the size of its terminal, in characters. */
  winsizeProcess(
    process: ProcessRef,
    height: number,
    width: number,
    options?: AgentCallOptions,
  ): Promise<void>;
  /** Writes to its input; answers how many bytes were taken. Empty data closes it. */
  writeProcessStdin(process: ProcessRef, data: Uint8Array, options?: AgentCallOptions): Promise<number>;
  /** Closes its input. */
  closeProcessStdin(process: ProcessRef, options?: AgentCallOptions): Promise<void>;
  /** Waits for output of at most `maxBytes`; empty at the end. */
  readProcessStdout(process: ProcessRef, maxBytes: number, options?: AgentCallOptions): Promise<Uint8Array>;
  /** As `readProcessStdout`, for standard error. */
  readProcessStderr(process: ProcessRef, maxBytes: number, options?: AgentCallOptions): Promise<Uint8Array>;
  /** Waits, without deadline, for its end: the exit code, or 128 plus the signal's number. */
  waitProcess(process: ProcessRef, options?: AgentCallOptions): Promise<number>;
}

const idOf = ({ containerId, token }: ProcessRef): { containerId: string; execId: string } => ({
  containerId,
  execId: token,
});

/** Makes the {@link ProcessMethods} of a link. */
export function processMethods(link: AgentLink, now: () => Date): ProcessMethods {
  return {
    async exec(containerId, command, options) {
      const request = { containerId, execId: randomUUID(), process: processOfCommand(command) };
      await link.request((client) => client.execProcess(request, options));
      return { token: request.execId, pid: -1, startTime: now() };
    },
    async signalProcess(process, signal, all, options) {
      // An empty exec id is how the wire says "all of the container".
      const request = { ...idOf(process), ...(all ? { execId: '' } : {}), signal };
      await link.request((client) => client.signalProcess(request, options));
    },
    async winsizeProcess(process, height, width, options) {
      const request = { ...idOf(process), row: height, column: width };
      await link.request((client) => client.ttyWinResize(request, options));
    },
    writeProcessStdin: async (process, data, options) =>
      (await link.request((client) => client.writeStdin({ ...idOf(process), data }, options))).len,
    async closeProcessStdin(process, options) {
      await link.request((client) => client.closeStdin(idOf(process), options));
    },
    readProcessStdout: async (process, len, options) =>
      (await link.request((client) => client.readStdout({ ...idOf(process), len }, options))).data,
    readProcessStderr: async (process, len, options) =>
      (await link.request((client) => client.readStderr({ ...idOf(process), len }, options))).data,
    waitProcess: async (process, options) =>
      (await link.request((client) => client.waitProcess(idOf(process), options))).status,
  };
}
