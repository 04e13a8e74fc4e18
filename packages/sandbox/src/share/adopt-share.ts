// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import { isAlive, type ProcessIdentity } from '@hako/hypervisor';

import { SandboxError } from '../sandbox-error.ts';
import type { FileShare } from './file-share.ts';
import { openNamespace, type SharePlace } from './join-share.ts';
import { NamespaceShare } from './namespace-share.ts';
import { killIfThere, virtiofsdBackEnd } from './virtiofsd-share.ts';

/** The daemon's end is seen this late; the hypervisor, which loses its connection to it, is seen sooner. */
const pollIntervalMs = 200;

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
  const daemon = { pid: holder.pid, kill: () => killIfThere(holder.pid) };
  const backEnd = virtiofsdBackEnd(daemon, untilGone(holder));
  return new NamespaceShare({ directory, backEnd, namespace, place });
}

async function untilGone(daemon: ProcessIdentity): Promise<string> {
  while (await isAlive(daemon)) await delay(pollIntervalMs, undefined, { ref: false });
  return 'ended';
}
