// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { HypervisorError, runDirectoryVariable } from '@hako/hypervisor';
import { execa } from 'execa';
import { BoundedTail } from './bounded-tail.ts';
import { connectWhenListening } from './connect-socket.ts';
import type { SurvivalSockets } from './survival-sockets.ts';

/** Descriptor at which QEMU finds its end of the monitor's socket pair. */
export const monitorFd = 3;
/** Descriptor at which QEMU reads a machine's state, if it is to start with one. */
export const stateFd = 4;

const stderrTailBytes = 64 * 1024;
/** Output that is still on its way when the process has ended arrives within this, or is given up. */
const drainTimeoutMs = 500;

/** How the process ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A running QEMU. It alone holds the far ends of monitor and console, so its death shows on them at once. */
export interface VmmProcess {
  readonly pid: number;
  readonly monitor: Duplex;
  /** What a QEMU that is to start with a machine's state reads at {@link stateFd}. */
  readonly stateInput: Writable;
  /** What the guest writes to its serial console. */
  readonly console: Readable;
  /** Fulfils when the process has ended and its output is read; of one that was let go of, at any time. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  stderrTail(): string;
  /** Lets go of a QEMU that goes on: this process may end before it. */
  unref(): void;
  /** Sends a signal; without effect once the process is reaped. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** What {@link spawnVmm} starts. */
export interface SpawnVmmOptions {
  /** Program and arguments; never goes through a shell. */
  readonly command: readonly [string, ...(readonly string[])];
  /** Named in its environment, so that it is known whose it is. */
  readonly runDir: string;
  /** Where its monitor and console listen, if they are no inherited sockets. */
  readonly sockets?: SurvivalSockets;
}

/**
 * Starts QEMU in a session of its own, so that Ctrl-C on the terminal reaches only the owner. The signal ends waiting for its
 * sockets; QEMU is the caller's all the same.
 *
 * @throws HypervisorError `vmm_missing` if the program cannot be started
 */
export async function spawnVmm(
  { command, runDir, sockets }: SpawnVmmOptions,
  signal: AbortSignal,
): Promise<VmmProcess> {
  const [program, ...args] = command;
  const child = execa(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
    forceKillAfterDelay: false,
    // QEMU needs nothing of the owner's environment, and what is in there may be secret.
    extendEnv: false,
    env: { [runDirectoryVariable]: runDir },
  });
  // With `reject: false` this settles with the outcome, a failed spawn included.
  const settled = child.then((result) => result);
  const exited = once(child.nodeChildProcess, 'exit').then(
    ([exitCode, signal]: readonly unknown[]): ProcessEnd => ({
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      signal: typeof signal === 'string' ? signal : null,
    }),
  );
  // A failed spawn shows as `error` instead of `exit`.
  exited.catch(() => undefined);
  const pid = child.pid;
  const monitor = child.stdio[monitorFd];
  const stateInput = child.stdio[stateFd];
  if (pid === undefined || !(monitor instanceof Duplex) || !(stateInput instanceof Duplex)) {
    const { cause } = await settled;
    throw new HypervisorError('vmm_missing', `${program} cannot be started`, {
      operand: program,
      remedy: 'install QEMU (Debian: apt install qemu-system-x86)',
      cause,
    });
  }
  const stderr = new BoundedTail(stderrTailBytes);
  child.stderr.on('data', (chunk: Uint8Array) => stderr.push(chunk));
  const inherited = { monitor, console: child.stdout };
  const channels = sockets === undefined ? inherited : await openSockets(sockets, inherited, exited, signal);
  return {
    pid,
    ...channels,
    stateInput,
    ended: exited.then(async (end) => {
      stateInput.destroy();
      await drained([child.stderr, channels.console, channels.monitor]);
      return end;
    }),
    stderrTail: () => stderr.toString(),
    unref() {
      child.nodeChildProcess.unref();
      for (const stream of [child.stderr, child.stdout, stateInput]) stream.destroy();
    },
    kill: (signal) => void child.kill(signal),
  };
}

type Channels = Pick<VmmProcess, 'monitor' | 'console'>;

/**
 * Monitor and console of a QEMU that listens at sockets for them. One that ends before it does, or whose start is given up, is
 * left with its inherited ones, at which its end shows.
 */
async function openSockets(
  { monitorPath, consolePath }: SurvivalSockets,
  inherited: Channels,
  exited: Promise<ProcessEnd>,
  signal: AbortSignal,
): Promise<Channels> {
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, signal]);
  exited.then(
    () => over.abort(),
    () => over.abort(),
  );
  let console: Socket | undefined;
  try {
    console = await connectWhenListening(consolePath, either);
    const monitor = await connectWhenListening(monitorPath, either);
    inherited.monitor.destroy();
    inherited.console.destroy();
    return { monitor, console };
  } catch {
    console?.destroy();
    return inherited;
  }
}

async function drained(streams: readonly Readable[]): Promise<void> {
  const signal = AbortSignal.timeout(drainTimeoutMs);
  const open = streams.filter((stream) => !stream.readableEnded && !stream.destroyed);
  await Promise.allSettled(open.map((stream) => once(stream, 'close', { signal })));
  for (const stream of streams) stream.destroy();
}
