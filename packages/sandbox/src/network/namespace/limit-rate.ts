// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import { redirectIngress, releaseIngress } from './ingress.ts';
import { parseQdiscs } from './ip-output.ts';
import type { PlannedRate } from './plan-rates.ts';
import { readLinks } from './read-namespace.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

/** A queue at the root of a device that outlives the machine. */
export const queueChangeSchema = z.object({ kind: z.literal('queue'), device: z.string() });

/** A detour over an ifb of all that comes in by a device. */
export const detourChangeSchema = z.object({
  kind: z.literal('detour'),
  device: z.string(),
  ifb: z.string(),
  /** Number of the ifb: it is known again by it. */
  index: z.int().positive(),
});

/** A detour over an ifb of all that comes in by a device. */
export type DetourChange = z.infer<typeof detourChangeSchema>;

/** What {@link limitDevice} does. */
export interface LimitRequest {
  readonly device: string;
  readonly bitsPerSecond: number;
  /** The mark of the sandbox. */
  readonly cookie: string;
}

/** There is one class to take turns; said so that the kernel does not warn of what it would make of high and low rates. */
const turnBytes = 60_000;

/** How many packets may wait at an ifb, as at other links. The kernel's choice for it is 32. */
const waitingPackets = 1000;

/**
 * Holds back what leaves by a device, by a hierarchical token bucket with the classes of Kata's runtime. Errors: those of the
 * tools.
 * @param request the device and its rate
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function limitDevice(
  { device, bitsPerSecond, cookie }: LimitRequest,
  run: RunInNamespace,
  signal: AbortSignal,
): Promise<void> {
  const handle = handleOf(cookie);
  const rate = `${bitsPerSecond}bit`;
  const bucket = ['htb', 'rate', rate, 'ceil', rate, 'quantum', String(turnBytes)];
  await run(['tc', 'qdisc', 'add', 'dev', device, 'root', 'handle', handle, 'htb', 'default', '2'], {
    signal,
  });
  for (const [parent, id] of [
    [handle, `${handle}1`],
    [`${handle}1`, `${handle}2`],
  ] as const) {
    await run(['tc', 'class', 'add', 'dev', device, 'parent', parent, 'classid', id, ...bucket], { signal });
  }
}

/**
 * Holds back what comes in by a device: it leaves by an ifb first, and then comes in as before. Errors: those of the tools.
 * @param change device and ifb
 * @param limit what the ifb lets through
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function limitIngress(
  { device, ifb, index }: DetourChange,
  { bitsPerSecond, cookie }: Omit<LimitRequest, 'device'>,
  run: RunInNamespace,
  signal: AbortSignal,
): Promise<void> {
  const number = ['index', String(index), 'txqueuelen', String(waitingPackets)];
  await run(['ip', 'link', 'add', 'name', ifb, ...number, 'type', 'ifb'], { signal });
  await run(['ip', 'link', 'set', 'dev', ifb, 'up'], { signal });
  await limitDevice({ device: ifb, bitsPerSecond, cookie }, run, signal);
  await redirectIngress({ from: device, to: ifb, cookie }, run, signal);
}

/**
 * Takes the queue of this sandbox off a device, and does nothing where it is not. Errors: those of the tools.
 * @param device its name
 * @param cookie the mark of the sandbox
 * @param run runs in the namespace
 */
export async function releaseDevice(device: string, cookie: string, run: RunInNamespace): Promise<void> {
  const qdiscs = parseQdiscs(await run(['tc', '-json', 'qdisc', 'show']));
  const handle = handleOf(cookie);
  if (qdiscs.some((one) => one.dev === device && one.root === true && one.handle === handle))
    await run(['tc', 'qdisc', 'del', 'dev', device, 'root']);
}

/**
 * Ends a detour, as far as it was made. Errors: those of the tools.
 * @param change device and ifb
 * @param cookie the mark of the sandbox
 * @param run runs in the namespace
 */
export async function endDetour(
  { device, ifb, index }: DetourChange,
  cookie: string,
  run: RunInNamespace,
): Promise<void> {
  await releaseIngress(device, cookie, run);
  const links = await readLinks(run);
  if (links.some(({ ifname, ifindex }) => ifname === ifb && ifindex === index))
    await run(['ip', 'link', 'del', 'dev', ifb]);
}

/**
 * Makes sure that the kernel can keep limits, in a namespace that is gone at once. Error: `network_failed`.
 * @param rates those that are planned
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function expectRateLimits(
  rates: readonly PlannedRate[],
  run: RunInNamespace,
  signal: AbortSignal,
): Promise<void> {
  await expectModule('sch_htb', ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'htb'], run, signal);
  if (rates.some(({ at }) => at === 'ingress'))
    await expectModule('ifb', ['ip', 'link', 'add', 'type', 'ifb'], run, signal);
}

async function expectModule(
  module: string,
  words: readonly string[],
  run: RunInNamespace,
  signal: AbortSignal,
): Promise<void> {
  try {
    await run(['unshare', '--net', '--', ...words], { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new SandboxError(
      'network_failed',
      `the kernel of the host cannot limit rates by ${module}: ${describeError(cause)}`,
      { cause, remedy: `load it with \`modprobe ${module}\`, or leave the limits out` },
    );
  }
}

/** Number of the queue, by which it is known again. The kernel gives those above 7fff by itself, and 0 means none. */
function handleOf(cookie: string): string {
  const number = Number.parseInt(cookie.slice(0, 4), 16) & 0x7f_ff;
  return `${(number === 0 ? 1 : number).toString(16)}:`;
}
