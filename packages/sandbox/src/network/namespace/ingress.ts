// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import { parseFilters, parseQdiscs } from './ip-output.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

/** What {@link redirectIngress} sends where. */
export interface RedirectRequest {
  /** Where it comes in. */
  readonly from: string;
  /** Where it leaves instead. */
  readonly to: string;
  /** Marks the filters of this sandbox: 1 to 16 bytes as hexadecimal digits. */
  readonly cookie: string;
}

const busyAttempts = 5;
const busyStepMs = 10;

/** Every packet of every protocol; u32 is in more kernels than matchall. */
const matchAll = ['parent', 'ffff:', 'protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
const redirectWords = ['action', 'mirred', 'egress', 'redirect', 'dev'];

/**
 * Sends all that comes in by a device out by another one. Errors: those of the tools.
 * @param request the devices
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function redirectIngress(
  { from, to, cookie }: RedirectRequest,
  run: RunInNamespace,
  signal: AbortSignal,
): Promise<void> {
  await addIngress(from, run, signal);
  await run(['tc', 'filter', 'add', 'dev', from, ...matchAll, ...redirectWords, to, 'cookie', cookie], {
    signal,
  });
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

/**
 * Takes the filters off a device, and does nothing where they are not, or are not of this sandbox. Errors: those of the tools.
 * @param device its name
 * @param cookie the mark of the sandbox
 * @param run runs in the namespace
 */
export async function releaseIngress(device: string, cookie: string, run: RunInNamespace): Promise<void> {
  const qdiscs = parseQdiscs(await run(['tc', '-json', 'qdisc', 'show']));
  const hasIngress = qdiscs.some(({ dev, kind }) => dev === device && kind === 'ingress');
  if (!hasIngress) return;
  const filters = parseFilters(await run(['tc', '-json', 'filter', 'show', 'dev', device, 'ingress']));
  const actions = filters.flatMap(({ options }) => options?.actions ?? []);
  // Without any, its owner was cut short before it had put one there.
  if (actions.every((action) => action.cookie === cookie)) {
    await run(['tc', 'qdisc', 'del', 'dev', device, 'ingress']);
  }
}
