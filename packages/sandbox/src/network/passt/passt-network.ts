// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { runDirectoryVariable } from '@hako/hypervisor';

import type { AgentCallOptions } from '../../process/guest-agent.ts';
import { OutputTail } from '../../output-tail.ts';
import { SandboxError } from '../../sandbox-error.ts';
import type { GuestNetwork, NetworkMachine } from '../guest-network.ts';
import type { NetworkAgent } from '../network-agent.ts';
import type { CheckedNetwork } from '../network-options.ts';
import { attachUserCard } from '../user-network.ts';
import { findPasst, type FindPasstOptions } from './find-passt.ts';
import { passtArguments } from './passt-command.ts';

/** Name of the hypervisor's socket in the run directory, while nobody is connected to it. */
const socketName = 'passt.sock';

/** The hypervisor listens a moment after it has said so. */
const connectAttempts = 1_000;
const connectIntervalMs = 10;

/** It ends by itself when the hypervisor does; after so long it is made to. */
const endTimeoutMs = 1_000;

/** Longest stretch of its standard error that is kept, in characters. */
const maxErrorLength = 4_096;

/**
 * Looks for a passt that will do; starts nothing. Errors: those of {@link findPasst}.
 * @param options what leads into the guest
 * @param find where to look, and what ends that
 */
export async function openPasstNetwork(
  { ports }: Pick<Extract<CheckedNetwork, { kind: 'user' }>, 'ports'>,
  find: FindPasstOptions,
): Promise<GuestNetwork> {
  return new PasstNetwork(await findPasst(find), passtArguments(ports));
}

/** The user network through passt: a process of its own beside the hypervisor, connected to it by a socket. */
class PasstNetwork implements GuestNetwork {
  readonly #program: string;
  readonly #arguments: readonly string[];
  #directory = '';
  #child: ChildProcess | undefined;
  /** What it said, or why it could not be started. */
  #said: Pick<OutputTail, 'lastLine'> = { lastLine: '' };

  constructor(program: string, words: readonly string[]) {
    this.#program = program;
    this.#arguments = words;
  }

  /** There is nothing to take back, for passt ends with the hypervisor; yet it is known by the directory if it does not. */
  leaveTrace(directory: string): Promise<void> {
    this.#directory = directory;
    return Promise.resolve();
  }

  async attach(vm: NetworkMachine, agent: NetworkAgent, options: AgentCallOptions): Promise<void> {
    const socketPath = join(this.#directory, socketName);
    const serve = async (): Promise<void> => {
      const connection = await connectTo(socketPath, options.signal);
      await rm(socketPath, { force: true });
      this.#start(connection);
      connection.destroy();
    };
    const backend = { kind: 'stream', socketPath } as const;
    await attachUserCard(vm, agent, backend, options, serve);
    this.#expectRunning();
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (!isRunning(child)) return;
    const exited = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
    await exited;
    clearTimeout(timer);
  }

  release(): void {
    this.#child?.unref();
    this.#child?.stderr?.destroy();
  }

  #start(connection: Socket): void {
    // A session of its own: a key at a terminal is for the workload. It needs nothing of our environment.
    const child = spawn(this.#program, this.#arguments, {
      stdio: ['ignore', 'ignore', 'pipe', connection],
      detached: true,
      env: { [runDirectoryVariable]: this.#directory },
    });
    this.#child = child;
    this.#said = new OutputTail(child.stderr, maxErrorLength);
    child.once('error', ({ message }) => {
      this.#said = { lastLine: message };
    });
  }

  /** What it cannot do, it says at once; a guest that has been told of its card has given it time enough. */
  #expectRunning(): void {
    if (isRunning(this.#child)) return;
    const { lastLine: said } = this.#said;
    throw new SandboxError('network_failed', `passt ended: ${said === '' ? 'it said nothing' : said}`, {
      remedy: "use the network `user`, the stack of which is the hypervisor's own",
    });
  }
}

function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Connects without reading: all that comes is for passt. */
async function connectTo(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  for (let attempt = 1; ; attempt += 1) {
    const socket = connect({ path });
    socket.pause();
    try {
      await once(socket, 'connect', { ...(signal && { signal }) });
      return socket;
    } catch (error) {
      socket.destroy();
      if (signal?.aborted === true || attempt === connectAttempts) throw error;
      await delay(connectIntervalMs, undefined, { ...(signal && { signal }) });
    }
  }
}
