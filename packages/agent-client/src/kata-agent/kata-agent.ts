// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from '../agent-client-error.ts';
import { AgentLink, type AgentLinkComponents } from './agent-link.ts';
import { connectionMethods, type ConnectionMethods } from './connection-methods.ts';
import { containerMethods, type ContainerMethods } from './container-methods.ts';
import { guestMethods, type GuestMethods } from './guest-methods.ts';
import { networkMethods, type NetworkMethods } from './network-methods.ts';
import { processMethods, type ProcessMethods } from './process-methods.ts';
import { sandboxMethods, type SandboxMethods } from './sandbox-methods.ts';

/** Where an agent keeps its link, for another one to take it over. */
const linkKey: unique symbol = Symbol('link');

/** The methods of Kata's `Agent` interface, in its order. */
export const kataAgentMethods = [
  'init',
  'capabilities',
  'check',
  'longLiveConn',
  'disconnect',
  'getAgentURL',
  'setAgentURL',
  'reuseAgent',
  'createSandbox',
  'exec',
  'startSandbox',
  'stopSandbox',
  'createContainer',
  'startContainer',
  'stopContainer',
  'signalProcess',
  'winsizeProcess',
  'writeProcessStdin',
  'closeProcessStdin',
  'readProcessStdout',
  'readProcessStderr',
  'updateContainer',
  'waitProcess',
  'onlineCPUMem',
  'memHotplugByProbe',
  'statsContainer',
  'pauseContainer',
  'resumeContainer',
  'removeStaleVirtiofsShareMounts',
  'configure',
  'configureFromGrpc',
  'reseedRNG',
  'updateInterface',
  'listInterfaces',
  'updateEphemeralMounts',
  'updateRoutes',
  'listRoutes',
  'getGuestDetails',
  'setGuestDateTime',
  'copyFile',
  'addSwap',
  'markDead',
  'cleanup',
  'save',
  'load',
  'getOOMEvent',
  'getAgentMetrics',
  'getGuestVolumeStats',
  'resizeGuestVolume',
  'getIPTables',
  'setIPTables',
  'setPolicy',
  'getDiagnosticData',
  'addARPNeighbors',
] as const;

/**
 * The agent of one sandbox as Kata's host side sees it: what a machine is told before it boots, everything that is asked of
 * the guest afterwards, and the connection in between. Each request rejects with `AgentClientError`.
 */
export interface KataAgent
  extends
    ConnectionMethods,
    SandboxMethods,
    ContainerMethods,
    ProcessMethods,
    NetworkMethods,
    GuestMethods,
    AsyncDisposable {
  /** Takes over the connection of another agent, whose machine is assigned to this sandbox. */
  reuseAgent(other: KataAgent): Promise<void>;
}

/** What an agent works with. */
export interface KataAgentComponents extends AgentLinkComponents {
  /** The time. Default: the machine's. */
  readonly now?: () => Date;
}

interface LinkedAgent {
  readonly [linkKey]: AgentLink;
}

function hasLink(agent: object): agent is LinkedAgent {
  return linkKey in agent;
}

/** Makes the agent of a sandbox; it does nothing until it is asked. Disposing of it ends the connection. */
export function createKataAgent(components: KataAgentComponents = {}): KataAgent {
  const { now = () => new Date() } = components;
  const link = new AgentLink(components);
  const agent: KataAgent & LinkedAgent = {
    [linkKey]: link,
    ...connectionMethods(link),
    ...sandboxMethods(link),
    ...containerMethods(link, now),
    ...processMethods(link, now),
    ...networkMethods(link),
    ...guestMethods(link),
    async reuseAgent(other) {
      if (!hasLink(other))
        throw new AgentClientError('invalid_request', 'the other agent is of another kind');
      await link.takeOver(other[linkKey]);
    },
    [Symbol.asyncDispose]: () => link.disconnect(),
  };
  return agent;
}
