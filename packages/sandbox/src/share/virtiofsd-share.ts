// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';

import { identifyProcess, runDirectoryVariable } from '@hako/hypervisor';

import { SandboxError } from '../sandbox-error.ts';
import { withDeadline } from '../deadline.ts';
import { shareSocketPath } from './socket-path.ts';
import { untilListening } from './listening-socket.ts';
import type { FileShare, FileShareOptions, ShareRequest } from './file-share.ts';
import type { SharePlace } from './join-share.ts';
import { keptNamespaceFd, namespaceCommand } from './share-namespace.ts';
import { mountsDirectory, namespaceName, SharedDirectory, viewDirectory } from './shared-directory.ts';
import type { CheckedSharing } from './sharing-options.ts';
import { chooseVirtiofsd, virtiofsdArguments } from './virtiofsd-command.ts';

/** The daemon listens within some 30 ms on an idle machine. */
const startTimeoutMs = 10_000;
const killTimeoutMs = 2_000;
/** How long the daemon may take to notice that its hypervisor is gone. */
const farewellMs = 250;
const maxStderrBytes = 8 * 1024;

/** What starting a share by virtio-fs needs. */
export interface VirtiofsdShareOptions extends Pick<
  FileShareOptions,
  'directory' | 'signal' | 'survivesOwner' | 'virtiofsd'
> {
  readonly sharing: Extract<CheckedSharing, { kind: 'virtio-fs' }>;
}

type Daemon = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts virtiofsd in a mount namespace of its own and returns once it listens.
 * Errors: `invalid_options`, `tool_missing`, `share_failed`, `aborted`, `timeout`.
 * @param options where and how
 */
export async function startVirtiofsdShare(options: VirtiofsdShareOptions): Promise<FileShare> {
  const { directory, signal, sharing, survivesOwner = false } = options;
  const program = await chooseVirtiofsd(options.virtiofsd);
  const mounts = mountsDirectory(directory);
  const view = viewDirectory(directory);
  const socketPath = shareSocketPath(directory);
  const command = virtiofsdArguments(program, { ...sharing, socketPath, directory: view });
  await mkdir(mounts, { recursive: true, mode: 0o750 });
  await mkdir(view, { mode: 0o700 });

  const [file, ...args] = namespaceCommand(mounts, view, command, survivesOwner);
  const env = { ...process.env, [runDirectoryVariable]: directory };
  // A session of its own: Ctrl-C at a terminal is for the workload, not for its file system.
  const daemon = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env });
  const stderr = collectTail(daemon);
  const ended = endOf(daemon, stderr);
  try {
    return await withDeadline(
      'start of virtiofsd',
      { signal, timeoutMs: startTimeoutMs },
      async (phaseSignal) => {
        const failed = ended.then((how): never => {
          throw new SandboxError('share_failed', `virtiofsd ${how}`, {
            tail: stderr(),
            remedy: remedyFor(stderr()),
          });
        });
        failed.catch(() => undefined);
        await Promise.race([once(daemon.stdout, 'data', { signal: phaseSignal }), failed]);
        const namespace = await open(`/proc/${daemon.pid ?? 0}/ns/mnt`, 'r');
        try {
          daemon.stdin.end('\n');
          daemon.stdout.resume();
          await Promise.race([untilListening(socketPath, phaseSignal), failed]);
          const holder = survivesOwner ? await identifyProcess(daemon.pid ?? 0) : undefined;
          const place = {
            namespaceFd: holder === undefined ? namespace.fd : keptNamespaceFd,
            namespace: await namespaceName(namespace),
            ...(holder && { holder }),
          };
          const process = { pid: daemon.pid, kill: () => daemon.kill('SIGKILL'), unref: () => unref(daemon) };
          return new VirtiofsdShare(process, ended, namespace, place, mounts);
        } catch (error) {
          await namespace.close();
          throw error;
        }
      },
    );
  } catch (error) {
    await end(daemon, ended, 0);
    throw error;
  }
}

/** The daemon, our child or not. */
interface DaemonProcess {
  readonly pid?: number | undefined;
  kill(signal: 'SIGKILL'): unknown;
  /** Lets this process end before it does. */
  unref(): void;
}

/** A share by a daemon that runs. */
export class VirtiofsdShare implements FileShare {
  readonly ended: Promise<string>;
  readonly #daemon: DaemonProcess;
  readonly place: SharePlace;
  readonly #namespace: FileHandle;
  readonly #shared: SharedDirectory;
  #closing: Promise<void> | undefined;

  /**
   * @param daemon the daemon
   * @param ended settles with how it ended
   * @param namespace its mount namespace, owned from now on
   * @param place where others find that
   * @param mounts directory in which files are bound
   */
  constructor(
    daemon: DaemonProcess,
    ended: Promise<string>,
    namespace: FileHandle,
    place: SharePlace,
    mounts: string,
  ) {
    this.ended = ended;
    this.place = place;
    this.#daemon = daemon;
    this.#namespace = namespace;
    this.#shared = new SharedDirectory(namespace, mounts);
  }

  add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    return this.#shared.add(requests, signal);
  }

  async remove(names: readonly string[]): Promise<void> {
    if (this.#closing === undefined) await this.#shared.remove(names);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Lets go of a daemon that goes on. */
  async release(): Promise<void> {
    this.#daemon.unref();
    this.#closing ??= this.#namespace.close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await end(this.#daemon, this.ended, farewellMs);
    await this.#namespace.close();
  }
}

function unref(daemon: Daemon): void {
  daemon.unref();
  for (const stream of [daemon.stdin, daemon.stdout, daemon.stderr]) stream.destroy();
}

function endOf(daemon: Daemon, stderr: () => string): Promise<string> {
  return new Promise((resolve) => {
    daemon.once('error', (error) => resolve(`cannot be started: ${error.message}`));
    daemon.once('close', (code, signal) => {
      const lastLine = stderr().trim().split('\n').at(-1) ?? '';
      resolve(`ended (${signal ?? `exit code ${String(code)}`})${lastLine === '' ? '' : `: ${lastLine}`}`);
    });
  });
}

function collectTail(daemon: Daemon): () => string {
  let tail = '';
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-maxStderrBytes);
  });
  // The daemon may be gone when the go-ahead is written; its end is reported by its exit.
  daemon.stdin.on('error', () => undefined);
  return () => tail;
}

function remedyFor(stderr: string): string {
  return /permitted|denied/i.test(stderr)
    ? 'run as root, with the right to create mount namespaces'
    : 'see `hako doctor`';
}

/**
 * Ends the daemon. Once its hypervisor is gone it ends by itself. Otherwise its inner process is killed, which lets the
 * outer one reap it: killed the other way round, the inner one would be left to whoever adopts orphans here.
 */
async function end(daemon: DaemonProcess, ended: Promise<string>, byItselfMs: number): Promise<void> {
  if (await settlesWithin(ended, byItselfMs)) return;
  const inner = await childrenOf(daemon.pid ?? 0);
  for (const pid of inner) killIfThere(pid);
  if (inner.length > 0 && (await settlesWithin(ended, killTimeoutMs))) return;
  daemon.kill('SIGKILL');
  await withDeadline('end of virtiofsd', { timeoutMs: killTimeoutMs }, () => ended);
}

function settlesWithin(ended: Promise<string>, timeoutMs: number): Promise<boolean> {
  return withDeadline('end of virtiofsd', { timeoutMs }, () => ended).then(
    () => true,
    () => false,
  );
}

/** Children of a process, see `/proc/PID/task/TID/children` in proc(5). */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text
    .split(' ')
    .map(Number)
    .filter((child) => child > 0);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}
