// SPDX-License-Identifier: Apache-2.0
import { isAlive, killIfAlive, waitWhileAlive, type ProcessIdentity } from '@hako/hypervisor';

import { SandboxError } from '../sandbox-error.ts';
import type { FileShare } from './file-share.ts';
import { openNamespace, type SharePlace } from './join-share.ts';
import { NamespaceShare, type ShareBackEnd } from './namespace-share.ts';
import { virtiofsdBackEnd } from './virtiofsd-share.ts';

/** An end that nobody asked for is seen this late; that of the hypervisor, which loses its connection then, is seen sooner. */
const slowPollMs = 500;
const quickPollMs = 5;

/** The share to take up. */
export interface AdoptShareRequest {
  /** Run directory of the sandbox. */
  readonly directory: string;
  readonly place: SharePlace;
}

/**
 * Takes up a share whose owner is dead and whose daemon goes on. Errors: `vm_exited` when it is gone, `permission_denied`,
 * `invalid_state` if it has no daemon of its own.
 * @param request which
 */
export async function adoptFileShare({ directory, place }: AdoptShareRequest): Promise<FileShare> {
  const { holder } = place;
  if (holder === undefined) {
    throw new SandboxError('invalid_state', 'the file sharing of the sandbox ended with its owner');
  }
  const namespace = await openNamespace(holder, place);
  return new NamespaceShare({ directory, backEnd: adoptVirtiofsd(holder), namespace, place });
}

/**
 * Takes up a daemon that another process has started: its end is seen, how it ended is not.
 * @param daemon the daemon
 */
export function adoptVirtiofsd(daemon: ProcessIdentity): ShareBackEnd {
  const letGo = new AbortController();
  const ending = new AbortController();
  const backEnd = virtiofsdBackEnd(
    {
      pid: daemon.pid,
      isAlive: () => isAlive(daemon),
      kill: (signal) => void killIfAlive(daemon, signal),
    },
    untilGone(daemon, letGo.signal, ending.signal),
  );
  return {
    ended: backEnd.ended,
    end() {
      ending.abort();
      return backEnd.end();
    },
    unref: () => letGo.abort(),
  };
}

async function untilGone(daemon: ProcessIdentity, letGo: AbortSignal, ending: AbortSignal): Promise<string> {
  await waitWhileAlive(daemon, { intervalMs: slowPollMs, signal: AbortSignal.any([letGo, ending]) });
  await waitWhileAlive(daemon, { intervalMs: quickPollMs, signal: letGo });
  return letGo.aborted ? 'was let go of' : 'ended';
}
