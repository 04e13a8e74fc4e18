// SPDX-License-Identifier: Apache-2.0
import type { NamespaceFacts } from './endpoint.ts';
import {
  parseLinks,
  parseNeighbours,
  parseQdiscs,
  parseRoutes,
  type IpLink,
  type TcQdisc,
} from './ip-output.ts';
import type { RunInNamespace } from './run-in-namespace.ts';
import { findVhostUserSockets } from './vhost-user-sockets.ts';

/** What is in a namespace, and what filters its links have. */
export interface NamespaceView extends NamespaceFacts {
  readonly qdiscs: readonly TcQdisc[];
}

/**
 * Reads links with their addresses. Errors: those of the tools, and `tool_failed` for output that is not understood.
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function readLinks(run: RunInNamespace, signal?: AbortSignal): Promise<readonly IpLink[]> {
  return parseLinks(await run(['ip', '-json', '-details', 'address', 'show'], { ...(signal && { signal }) }));
}

/**
 * Reads links with their addresses and vhost-user sockets, routes of the main table, neighbours and queueing disciplines.
 * Errors: as {@link readLinks}.
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function readNamespace(run: RunInNamespace, signal: AbortSignal): Promise<NamespaceView> {
  const ip = (...words: readonly string[]): Promise<string> => run(['ip', '-json', ...words], { signal });
  const [links, ipv4Routes, ipv6Routes, neighbours, qdiscs] = await Promise.all([
    readLinks(run, signal),
    ip('-details', 'route', 'show', 'table', 'main'),
    ip('-details', '-6', 'route', 'show', 'table', 'main'),
    ip('neighbour', 'show'),
    run(['tc', '-json', 'qdisc', 'show'], { signal }),
  ]);
  return {
    links,
    vhostUserSockets: await findVhostUserSockets(links),
    ipv4Routes: parseRoutes(ipv4Routes),
    ipv6Routes: parseRoutes(ipv6Routes),
    neighbours: parseNeighbours(neighbours),
    qdiscs: parseQdiscs(qdiscs),
  };
}
