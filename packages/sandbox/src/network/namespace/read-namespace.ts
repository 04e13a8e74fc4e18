// SPDX-License-Identifier: Apache-2.0
import type { NamespaceFacts } from './endpoint.ts';
import { findVhostUserSockets } from './vhost-user-sockets.ts';
import { parseLinks, parseNeighbours, parseQdiscs, parseRoutes, type TcQdisc } from './ip-output.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

/** What is in a namespace, and what filters its links have. */
export interface NamespaceView extends NamespaceFacts {
  readonly qdiscs: readonly TcQdisc[];
}

/**
 * Reads links with their vhost-user sockets, addresses, routes of the main table, neighbours and queueing disciplines. Errors: those of the tools, and
 * `tool_failed` for output that is not understood.
 * @param run runs in the namespace
 * @param signal ends it
 */
export async function readNamespace(run: RunInNamespace, signal: AbortSignal): Promise<NamespaceView> {
  const ip = (...words: readonly string[]): Promise<string> => run(['ip', '-json', ...words], { signal });
  const [links, ipv4Routes, ipv6Routes, neighbours, qdiscs] = await Promise.all([
    ip('-details', 'address', 'show'),
    ip('-details', 'route', 'show', 'table', 'main'),
    ip('-details', '-6', 'route', 'show', 'table', 'main'),
    ip('neighbour', 'show'),
    run(['tc', '-json', 'qdisc', 'show'], { signal }),
  ]);
  const parsedLinks = parseLinks(links);
  return {
    links: parsedLinks,
    vhostUserSockets: await findVhostUserSockets(parsedLinks),
    ipv4Routes: parseRoutes(ipv4Routes),
    ipv6Routes: parseRoutes(ipv6Routes),
    neighbours: parseNeighbours(neighbours),
    qdiscs: parseQdiscs(qdiscs),
  };
}
