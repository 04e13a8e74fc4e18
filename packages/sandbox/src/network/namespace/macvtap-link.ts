// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { canAccess } from '../../can-access.ts';
import type { Endpoint } from './endpoint.ts';
import { readLinks } from './read-namespace.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

/** A macvtap on a link, and what the link was before. */
export const macvtapChangeSchema = z.object({
  kind: z.literal('macvtap'),
  link: z.string(),
  tap: z.string(),
  /** Number of the macvtap: names its device file. */
  index: z.int().positive(),
  mac: z.string(),
  privateMac: z.string(),
  /** Neighbours that somebody set. They go when the hardware address changes, and `ip` has no way to save them. */
  neighbours: z.array(z.object({ address: z.string(), mac: z.string() })),
  /** Names the files in the run directory that the addresses and routes of the link are saved in. */
  files: z.string().regex(/^[a-z0-9]+$/),
});

/** A macvtap on a link, and what the link was before. */
export type MacvtapChange = z.infer<typeof macvtapChangeSchema>;

/** Directory of the device files of macvtaps: the kernel puts them there (devtmpfs). */
const devices = '/dev';

/**
 * Where the kernel puts the device file of a macvtap.
 * @param index number of the link
 */
export function macvtapDevice(index: number): string {
  return join(devices, `tap${index}`);
}

/** What {@link takeLink} takes. */
export interface TakeLinkRequest {
  readonly change: MacvtapChange;
  readonly mtuBytes: number;
  readonly queues: number;
  /** Run directory of the sandbox. */
  readonly directory: string;
}

/** Saves go first; `sh` is there to open the files. Its words are arguments, never part of the script. */
const saveScript = `umask 077
ip address save dev "$1" > "$2.addresses" || exit
ip -4 route save table main dev "$1" > "$2.ipv4" || exit
ip -6 route save table main dev "$1" > "$2.ipv6"`;

/** What is there already is no error to \`ip\`. Interface routes come with the addresses, the others behind them. */
const restoreScript = `ip address restore < "$1.addresses" && ip -4 route restore < "$1.ipv4" && ip -6 route restore < "$1.ipv6"`;

/**
 * Puts a macvtap on a link and gives it the link's hardware address. The link gets another one and loses its addresses, or
 * it would answer for the guest; they are saved in the run directory first. Errors: those of the tools.
 * @param request what to do
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function takeLink(
  { change, mtuBytes, queues, directory }: TakeLinkRequest,
  run: RunInNamespace,
  signal: AbortSignal,
): Promise<void> {
  const { link, tap, index, mac, privateMac, files } = change;
  const counts = queues === 1 ? [] : ['numtxqueues', String(queues), 'numrxqueues', String(queues)];
  await run(['sh', '-c', saveScript, 'sh', link, join(directory, files)], { signal });
  await run(
    [
      ...(['ip', 'link', 'add', 'link', link, 'name', tap, 'index', String(index), ...counts] as const),
      ...['type', 'macvtap', 'mode', 'bridge'],
    ],
    { signal },
  );
  await run(['ip', 'address', 'flush', 'dev', link], { signal });
  await run(['ip', 'link', 'set', 'dev', link, 'address', privateMac], { signal });
  // The host must not make an address of its own from the guest's hardware address.
  await run(['ip', 'link', 'set', 'dev', tap, 'addrgenmode', 'none'], { signal });
  await run(['ip', 'link', 'set', 'dev', tap, 'address', mac, 'mtu', String(mtuBytes)], { signal });
  await run(bringUpWords(tap), { signal });
}

/**
 * The command that lets packets through a macvtap. The kernel knows which multicast groups the host has joined, not the
 * guest, and IPv6 finds its neighbours by such groups: all go through.
 * @param tap its name
 */
export function bringUpWords(tap: string): [string, ...string[]] {
  return ['ip', 'link', 'set', 'dev', tap, 'allmulticast', 'on', 'up'];
}

/**
 * Takes a macvtap off its link and makes the link what it was. Does nothing for what is not there or has been changed by
 * somebody else since. Errors: those of the tools.
 * @param change what was to be done
 * @param directory run directory of the sandbox
 * @param run runs in the namespace
 */
export async function giveBackLink(
  { link, tap, index, mac, privateMac, neighbours, files }: MacvtapChange,
  directory: string,
  run: RunInNamespace,
): Promise<void> {
  const links = await readLinks(run);
  if (links.some(({ ifname, ifindex }) => ifname === tap && ifindex === index)) {
    await run(['ip', 'link', 'del', 'dev', tap]);
  }
  const present = links.find(({ ifname }) => ifname === link)?.address;
  const base = join(directory, files);
  if (present === privateMac) {
    await run(['ip', 'link', 'set', 'dev', link, 'address', mac]);
  }
  if ((present === privateMac || present === mac) && (await canAccess(`${base}.ipv6`))) {
    await run(['sh', '-c', restoreScript, 'sh', base]);
    for (const { address, mac: lladdr } of neighbours) {
      await run(['ip', 'neighbour', 'replace', address, 'lladdr', lladdr, 'dev', link, 'nud', 'permanent']);
    }
  }
  for (const end of ['addresses', 'ipv4', 'ipv6']) await rm(`${base}.${end}`, { force: true });
}

/**
 * The neighbours of a link that somebody set.
 * @param endpoint the link
 */
export function setNeighbours({ neighbours }: Endpoint): MacvtapChange['neighbours'] {
  return neighbours.flatMap(({ dst, lladdr, state }) =>
    lladdr !== undefined && state.includes('PERMANENT') ? [{ address: dst, mac: lladdr }] : [],
  );
}
