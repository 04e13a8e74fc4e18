// SPDX-License-Identifier: Apache-2.0
import type { AgentServiceClient } from '@hako/protocols/agent';
import type { HealthClient } from '@hako/protocols/health';
import type { Channel, Client, TtrpcServiceDefinition } from '@hako/ttrpc';
import type { AgentPaths } from '../paths/agent-paths.ts';
import type { ScriptResult, TestMachine } from './test-machine.ts';

/** One client's connection. */
export interface TestConnection extends AsyncDisposable {
  readonly client: AgentServiceClient;
  readonly health: HealthClient;
  /** A client of another service. */
  readonly clientOf: <Definition extends TtrpcServiceDefinition>(
    definition: Definition,
  ) => Client<Definition>;
  /** What the clients share. */
  readonly channel: Channel;
  /** Breaks the connection at once. */
  abort(): void;
}

/** Where an agent under test lives: all fakes, real containers on this machine, a guest of its own. */
export type TestedAgentKind = 'fake' | 'crun' | 'guest';

/** An agent under test and a client of it, as far as all kinds have it. */
export interface TestedAgentHarness extends TestConnection {
  readonly kind: TestedAgentKind;
  readonly paths: AgentPaths;
  /** A root file system with BusyBox in it, where the agent is. */
  readonly rootfs: string;
  /** The machine around the agent; only a guest has one. */
  readonly machine: TestMachine | undefined;
  /** Resolves when the sandbox has been destroyed: in a guest, when the machine is off. */
  readonly ended: Promise<void>;
  /** Runs a shell script where the agent's files are. */
  shell(script: string): Promise<ScriptResult>;
  /** One more client. */
  connect(): Promise<TestConnection>;
}

/** What every kind of agent can be told. */
export interface TestedAgentOptions {
  /** Words of the kernel command line, such as `agent.container_pipe_size=4096`; a guest then boots anew. */
  readonly kernelWords?: readonly string[];
}

/** An agent that tests of behaviour run against. */
export interface TestedAgent {
  /** For titles: `with crun`. Says why, if it is skipped. */
  readonly title: string;
  /** Whether this machine lacks something for it. */
  readonly skip: boolean;
  readonly kind: TestedAgentKind;
  readonly start: (options?: TestedAgentOptions) => Promise<TestedAgentHarness>;
}

/** One list for all: a set-up file may come before or after whoever has taken hold of it. */
const agents: TestedAgent[] = [];
let hasRegistered = false;

/**
 * Puts other agents in the place of those of `testedAgents`. For a set-up file of the test runner, which comes before
 * the tests and may know the host's side, as this package may not.
 */
export function registerTestedAgents(others: readonly TestedAgent[]): void {
  agents.splice(0, agents.length, ...others);
  hasRegistered = true;
}

/** What was registered, or will be; until then the given ones. */
export function registeredAgentsOr(defaults: readonly TestedAgent[]): readonly TestedAgent[] {
  if (!hasRegistered) agents.splice(0, agents.length, ...defaults);
  return agents;
}
