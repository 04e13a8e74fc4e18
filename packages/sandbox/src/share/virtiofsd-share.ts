// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import process from 'node:process';

import { identifyProcess, untilListening } from '@hako/hypervisor';

import { withDeadline } from '../deadline.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { FileShare, FileShareOptions } from './file-share.ts';
import { openWhenReady, startInNamespace, type NamespaceProcess } from './namespace-process.ts';
import { NamespaceShare, type ShareBackEnd } from './namespace-share.ts';
import { keptNamespaceFd } from './share-namespace.ts';
import { namespaceName, viewDirectory } from './shared-directory.ts';
import type { CheckedSharing } from './sharing-options.ts';
import { shareSocketPath } from './socket-path.ts';
import { chooseVirtiofsd, virtiofsdArguments } from './virtiofsd-command.ts';

/** The daemon listens within some 30 ms on an idle machine. */
const startTimeoutMs = 10_000;
/** A bound for a busy host; a killed process is gone within milliseconds. */
const killTimeoutMs = 10_000;
/** How long the daemon may take to notice that its hypervisor is gone. */
const farewellMs = 250;

/** What starting a share by virtio-fs needs. */
export interface VirtiofsdShareOptions extends Pick<
  FileShareOptions,
  'directory' | 'signal' | 'survivesOwner' | 'virtiofsd'
> {
  readonly sharing: Extract<CheckedSharing, { kind: 'virtio-fs' }>;
}

/**
 * Starts virtiofsd in a mount namespace of its own and returns once it listens.
 * Errors: `invalid_options`, `tool_missing`, `share_failed`, `aborted`, `timeout`.
 * @param options where and how
 */
export async function startVirtiofsdShare(options: VirtiofsdShareOptions): Promise<FileShare> {
  const { directory, signal, sharing, survivesOwner = false } = options;
  const program = await chooseVirtiofsd(options.virtiofsd);
  const socketPath = shareSocketPath(directory);
  const daemon = await startInNamespace({
    directory,
    command: virtiofsdArguments(program, { ...sharing, socketPath, directory: viewDirectory(directory) }),
    survivesOwner,
    explainEnd: (how, stderr) =>
      new SandboxError('share_failed', `virtiofsd ${how}`, { tail: stderr, remedy: remedyFor(stderr) }),
  });
  const { child, ended, failed } = daemon;
  const handle: DaemonProcess = {
    pid: child.pid,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => child.kill(signal),
  };
  try {
    return await withDeadline(
      'start of virtiofsd',
      { signal, timeoutMs: startTimeoutMs },
      async (phaseSignal) => {
        const namespace = await openWhenReady(daemon, phaseSignal);
        try {
          await Promise.race([untilListening(socketPath, phaseSignal), failed]);
          const holder = survivesOwner ? await identifyProcess(child.pid ?? 0) : undefined;
          const place = {
            namespaceFd: holder === undefined ? namespace.fd : keptNamespaceFd,
            namespace: await namespaceName(namespace),
            ...(holder && { holder }),
          };
          // Nobody takes what comes after the deadline.
          phaseSignal.throwIfAborted();
          const backEnd = { ...virtiofsdBackEnd(handle, ended), unref: () => unref(child) };
          return new NamespaceShare({ directory, backEnd, namespace, place });
        } catch (error) {
          await namespace.close();
          throw error;
        }
      },
    );
  } catch (error) {
    await end(handle, ended, 0);
    throw error;
  }
}

/** The daemon, our child or not. */
export interface DaemonProcess {
  readonly pid: number | undefined;
  isAlive(): Promise<boolean> | boolean;
  kill(signal: 'SIGKILL'): unknown;
}

/**
 * Serves files by a daemon that runs.
 * @param daemon the daemon
 * @param ended settles with how it ended, or that it was let go of
 */
export function virtiofsdBackEnd(daemon: DaemonProcess, ended: Promise<string>): ShareBackEnd {
  return {
    ended: ended.then((how) => `virtiofsd ${how}`),
    end: () => end(daemon, ended, farewellMs),
  };
}

function unref(daemon: NamespaceProcess['child']): void {
  daemon.unref();
  for (const stream of [daemon.stdin, daemon.stdout, daemon.stderr]) stream.destroy();
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
  const found = await childrenOf(daemon.pid ?? 0);
  // Children of whoever has its number now would be found, too.
  const inner = (await daemon.isAlive()) ? found : [];
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
