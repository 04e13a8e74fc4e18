// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { CreateSandboxRequest, DeepPartial } from '@hako/protocols/agent';
import type { ARPNeighbor, Interface, Route } from '@hako/protocols/types';
import { AgentClientError } from '../agent-client-error.ts';
import { configureInterface } from '../configure-interface.ts';
import type { AgentCallOptions } from '../caller.ts';
import { fitHostname, parseKernelModules } from './agent-config.ts';
import type { AgentLink } from './agent-link.ts';

/** What the guest's network is to look like. */
export interface GuestNetwork {
  readonly interfaces: readonly DeepPartial<Interface>[];
  readonly routes: readonly DeepPartial<Route>[];
  readonly neighbors: readonly DeepPartial<ARPNeighbor>[];
}

/** A sandbox that is about to begin in a guest. */
export interface SandboxStart {
  readonly id: string;
  readonly hostname: string;
  /** A file of the host whose lines become the guest's name servers, verbatim; left out for none. */
  readonly resolvConfPath?: string;
  readonly network?: GuestNetwork;
  /** Mounted in this order: the shared directory, then shared memory. */
  readonly storages?: DeepPartial<CreateSandboxRequest['storages']>;
  readonly sandboxPidns?: boolean;
  readonly guestHookPath?: string;
}

/** How long a request may take while a machine somewhere else is starting, in milliseconds. */
const remoteTimeoutMs = 300_000;

/**
 * Tells a guest that has booted what it is: policy first, then network, then CreateSandbox. Stops at the first failure.
 *
 * @throws AgentClientError also `invalid_request` when the file of name servers cannot be read.
 */
export async function startSandbox(
  link: AgentLink,
  sandbox: SandboxStart,
  options: AgentCallOptions,
): Promise<void> {
  link.url = link.socketUrl;
  const isRemote = link.socket?.kind === 'remote';
  const limits = isRemote ? { timeoutMs: remoteTimeoutMs, ...options } : options;
  const dns = await nameServers(sandbox.resolvConfPath);
  await link.request((client) => client.check(limits));
  const { policy = '', kernelModules = [] } = link.config;
  if (policy !== '') await link.request((client) => client.setPolicy({ policy }, limits));
  if (!isRemote && sandbox.network !== undefined) await pushNetwork(link, sandbox.network, limits);
  const request = {
    hostname: fitHostname(sandbox.hostname),
    dns,
    storages: sandbox.storages ?? [],
    sandboxPidns: sandbox.sandboxPidns ?? false,
    sandboxId: sandbox.id,
    guestHookPath: sandbox.guestHookPath ?? '',
    kernelModules: isRemote ? [] : parseKernelModules(kernelModules),
  };
  await link.request((client) => client.createSandbox(request, limits));
}

async function nameServers(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  try {
    return (await readFile(path, 'utf8')).split('\n');
  } catch (cause) {
    throw new AgentClientError('invalid_request', `name servers cannot be read from ${path}`, { cause });
  }
}

/** Interfaces one by one, because hot-plugged ones may come late; then all routes, then all neighbours. */
async function pushNetwork(
  link: AgentLink,
  { interfaces, routes, neighbors }: GuestNetwork,
  limits: AgentCallOptions,
): Promise<void> {
  for (const wanted of interfaces) {
    await link.request((client) => configureInterface(client, wanted, limits));
  }
  if (routes.length > 0)
    await link.request((client) => client.updateRoutes({ routes: { Routes: [...routes] } }, limits));
  if (neighbors.length > 0) {
    await link.request((client) =>
      client.addARPNeighbors({ neighbors: { ARPNeighbors: [...neighbors] } }, limits),
    );
  }
}
