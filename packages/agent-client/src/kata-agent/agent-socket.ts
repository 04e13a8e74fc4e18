// SPDX-License-Identifier: Apache-2.0
import { parseAddress, TtrpcError, type Address } from '@hako/ttrpc';
import { AgentClientError } from '../agent-client-error.ts';

/** How a virtual machine offers its agent. */
export type AgentSocket =
  /** vhost-vsock. */
  | { readonly kind: 'vsock'; readonly contextId: number; readonly port: number }
  /** A Unix socket with a `CONNECT` handshake in front. */
  | { readonly kind: 'hybrid'; readonly path: string; readonly port: number }
  /** A virtio-serial port behind a Unix socket. */
  | { readonly kind: 'serial'; readonly path: string }
  /** A proxy to a machine somewhere else. */
  | { readonly kind: 'remote'; readonly path: string }
  /** An agent without a machine. */
  | { readonly kind: 'mock'; readonly path: string };

/** The URL of an agent, in the grammar of Kata's runtime; `serial://` is ours. */
export function agentUrlOf(socket: AgentSocket): string {
  switch (socket.kind) {
    case 'vsock':
      return `vsock://${socket.contextId}:${socket.port}`;
    case 'hybrid':
      return `hvsock://${socket.path}:${socket.port}`;
    case 'serial':
    case 'remote':
    case 'mock':
      return `${socket.kind}://${socket.path}`;
  }
}

/**
 * Where an agent's URL leads.
 *
 * @throws AgentClientError `invalid_request` for a URL that names no place.
 */
export function addressOfAgentUrl(url: string): Address {
  const [, path] = /^(?:remote|mock):\/\/(\/.+)$/s.exec(url) ?? [];
  try {
    const address = parseAddress(path === undefined ? url : `unix://${path}`);
    if (path !== undefined || (address.scheme !== 'unix' && address.scheme !== 'tcp')) return address;
  } catch (cause) {
    if (!(cause instanceof TtrpcError)) throw cause;
    throw new AgentClientError('invalid_request', `${JSON.stringify(url)} is no URL of an agent`, { cause });
  }
  throw new AgentClientError('invalid_request', `${JSON.stringify(url)} is no URL of an agent`);
}
