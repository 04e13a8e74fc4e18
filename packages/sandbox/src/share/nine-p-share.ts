// SPDX-License-Identifier: Apache-2.0
import { rm, symlink, type FileHandle } from 'node:fs/promises';
import process from 'node:process';

import { withDeadline } from '../deadline.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { FileShare, FileShareOptions } from './file-share.ts';
import { openWhenReady, startInNamespace } from './namespace-process.ts';
import { NamespaceShare, type ShareBackEnd } from './namespace-share.ts';
import { shareNamespacePath } from './share-plan.ts';
import { namespaceName } from './shared-directory.ts';

const startTimeoutMs = 10_000;

/**
 * Makes a mount namespace for a hypervisor that serves files itself, by 9p. No process holds it: it lives as long as this
 * process keeps it open, or a hypervisor runs in it, and is found by {@link shareNamespacePath}. So no mount shows up on
 * the host, and all of them vanish with the machine. Errors: `share_failed`, `aborted`, `timeout`.
 * @param options where
 */
export async function startNinePShare({
  directory,
  signal,
}: Pick<FileShareOptions, 'directory' | 'signal'>): Promise<FileShare> {
  const namespace = await makeNamespace(directory, signal);
  const path = shareNamespacePath(directory);
  try {
    await symlink(`/proc/${process.pid}/fd/${namespace.fd}`, path);
    const place = { namespaceFd: namespace.fd, namespace: await namespaceName(namespace) };
    return new NamespaceShare({ directory, backEnd: hypervisorBackEnd(path), namespace, place });
  } catch (error) {
    await namespace.close();
    throw error;
  }
}

/** Opens a namespace while the process that makes it waits, and lets that end. */
async function makeNamespace(directory: string, signal: AbortSignal): Promise<FileHandle> {
  const maker = await startInNamespace({
    directory,
    command: ['true'],
    survivesOwner: false,
    explainEnd: (how) =>
      new SandboxError('share_failed', `no mount namespace can be made: its maker ${how}`, {
        remedy: 'run as root, with the right to create mount namespaces',
      }),
  });
  try {
    return await withDeadline(
      'start of file sharing',
      { signal, timeoutMs: startTimeoutMs },
      async (phaseSignal) => {
        const namespace = await openWhenReady(maker, phaseSignal);
        await maker.ended;
        // Nobody takes what comes after the deadline.
        if (phaseSignal.aborted) await namespace.close();
        return namespace;
      },
    );
  } catch (error) {
    maker.child.kill('SIGKILL');
    await maker.ended;
    throw error;
  }
}

/** The hypervisor ends with its machine: what is left to take back is the way by which it finds the namespace. */
function hypervisorBackEnd(path: string): ShareBackEnd {
  const { promise, resolve } = Promise.withResolvers<string>();
  return {
    ended: promise,
    async end() {
      await rm(path, { force: true });
      resolve('the export ended');
    },
  };
}
