// SPDX-License-Identifier: Apache-2.0
import { redirectIngress } from './ingress.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

/** What {@link mirrorLink} joins. */
export interface MirrorRequest {
  readonly link: string;
  /** A tap that vanishes with the machine, and with it all that is on it. */
  readonly tap: string;
  readonly mtuBytes: number;
  /** Marks the filters of this sandbox: 1 to 16 bytes as hexadecimal digits. */
  readonly cookie: string;
}

/**
 * Joins a link and a tap: what comes in at one goes out at the other, so that the guest stands where the link stood. The
 * link keeps its addresses. Errors: those of the tools.
 * @param request what to join
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function mirrorLink(
  { link, tap, mtuBytes, cookie }: MirrorRequest,
  run: RunInNamespace,
  signal: AbortSignal,
): Promise<void> {
  await run(['ip', 'link', 'set', 'dev', tap, 'mtu', String(mtuBytes), 'up'], { signal });
  await redirectIngress({ from: tap, to: link, cookie }, run, signal);
  await redirectIngress({ from: link, to: tap, cookie }, run, signal);
}
