// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import { parseFilters, parseQdiscs } from './ip-output.ts';
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
  const redirect = (from: string, to: string): Promise<string> =>
    run(['tc', 'filter', 'add', 'dev', from, ...matchAll, ...redirectWords, to, 'cookie', cookie], {
      signal,
    });
  await run(['ip', 'link', 'set', 'dev', tap, 'mtu', String(mtuBytes), 'up'], { signal });
  await addIngress(tap, run, signal);
  await redirect(tap, link);
  await addIngress(link, run, signal);
  await redirect(link, tap);
}

/** The kernel may be busy with a link that has just come up; as often and as long as Kata's runtime tries. */
async function addIngress(link: string, run: RunInNamespace, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run(['tc', 'qdisc', 'add', 'dev', link, 'ingress'], { signal });
      return;
    } catch (error) {
      const isBusy = error instanceof Error && error.message.includes('resource busy');
      if (!isBusy || attempt > busyAttempts) throw error;
      await delay(busyStepMs * attempt, undefined, { signal });
    }
  }
}

const busyAttempts = 5;
const busyStepMs = 10;

/** Every packet of every protocol; u32 is in more kernels than matchall. */
const matchAll = ['parent', 'ffff:', 'protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
const redirectWords = ['action', 'mirred', 'egress', 'redirect', 'dev'];

/**
 * Takes the filters off a link, and does nothing where they are not, or are not of this sandbox. Errors: those of the tools.
 * @param link name of the link
 * @param cookie the mark of the sandbox
 * @param run runs in the namespace
 */
export async function unmirrorLink(link: string, cookie: string, run: RunInNamespace): Promise<void> {
  const links = await run(['tc', '-json', 'qdisc', 'show']);
  const hasIngress = parseQdiscs(links).some(({ dev, kind }) => dev === link && kind === 'ingress');
  if (!hasIngress) return;
  const filters = parseFilters(await run(['tc', '-json', 'filter', 'show', 'dev', link, 'ingress']));
  const actions = filters.flatMap(({ options }) => options?.actions ?? []);
  // Without any, its owner was cut short before it had put one there.
  if (actions.every((action) => action.cookie === cookie)) {
    await run(['tc', 'qdisc', 'del', 'dev', link, 'ingress']);
  }
}
