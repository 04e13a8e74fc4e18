// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openRouteSocket } from '@hako/linux';
import type { AgentServiceClient } from '@hako/protocols/agent';
import { afterAll, beforeAll } from 'vitest';
import { runProgram } from '../system/program-runner.ts';
import { startFakeAgent, testedAgents } from './agent-harness.ts';
import { createFakeDevices } from './fake-devices.ts';
import type { TestedAgentHarness } from './tested-agent.ts';

/** A network card of a bench. */
export interface BenchNic {
  /** As the kernel named it. */
  readonly name: string;
  readonly pciPath: string;
}

/** An agent with a network that belongs to the test alone. */
export interface NetworkBench extends AsyncDisposable {
  readonly client: AgentServiceClient;
  /**
   * Runs a shell script in that network and answers with its standard output. Throws when it fails. `iproute2` is that
   * program; `ip` may be BusyBox's, which knows less and starts sooner.
   */
  readonly run: (script: string) => Promise<string>;
  /** Puts a network card in. */
  readonly plugNic: (mac: string) => Promise<BenchNic>;
}

/** An agent that tests of the network run against. */
export interface NetworkAgent {
  /** For titles. Says why, if it is skipped. */
  readonly title: string;
  readonly skip: boolean;
  readonly start: () => Promise<NetworkBench>;
}

/** Slots of the root bus that fake cards are put into. */
const firstSlot = 5;

/** A network namespace, kept by a process that ends with its standard input: with this process at the latest. */
async function makeNamespace(): Promise<AsyncDisposable & { readonly pid: number; readonly path: string }> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec cat']);
  await once(holder.stdout, 'data');
  const pid = holder.pid ?? 0;
  return {
    pid,
    path: `/proc/${pid}/ns/net`,
    async [Symbol.asyncDispose]() {
      const ended = once(holder, 'close');
      holder.stdin.end();
      await ended;
    },
  };
}

/** Cards are pairs of veth whose other ends are up, elsewhere. Their PCI devices are files below a directory. */
async function startInNamespace(): Promise<NetworkBench> {
  await using undo = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'hako-network-'));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  const outside = undo.use(await makeNamespace());
  const { path: namespace } = undo.use(await makeNamespace());
  const enter = [`--net=${namespace}`];
  const devices = createFakeDevices(dir);
  const harness = undo.use(
    await startFakeAgent({
      components: {
        devices,
        openNetwork: () => Promise.resolve(openRouteSocket({ namespace })),
        runProgram: (request) =>
          runProgram({ ...request, file: 'nsenter', args: [...enter, request.file, ...request.args] }),
      },
    }),
  );
  const run = async (script: string): Promise<string> => {
    const { stdout } = await promisify(execFile)('nsenter', [
      ...enter,
      'sh',
      '-ec',
      `iproute2() { ip "$@"; }\n${script}`,
    ]);
    return stdout;
  };
  let cards = 0;
  const owned = undo.move();
  return {
    client: harness.client,
    run,
    async plugNic(mac) {
      const slot = firstSlot + cards;
      const name = `nic${cards}`;
      await run(`ip link add name ${name} address ${mac} type veth peer name peer${cards} netns ${outside.pid}
        nsenter --net=${outside.path} ip link set peer${cards} up`);
      cards += 1;
      const number = slot.toString(16).padStart(2, '0');
      const device = `sys/devices/pci0000:00/0000:00:${number}.0`;
      await devices.appear('net', { [`${device}/virtio${slot}/net/${name}/address`]: mac });
      return { name, pciPath: number };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startInGuest(start: () => Promise<TestedAgentHarness>): Promise<NetworkBench> {
  await using undo = new AsyncDisposableStack();
  const { client, machine } = undo.use(await start());
  if (machine === undefined) throw new Error('this agent has no machine around it');
  const run = async (script: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await machine.run(
      `set -e; iproute2() { /usr/bin/ip "$@"; }\n${script}`,
    );
    if (exitCode !== 0) throw new Error(`script ended with ${exitCode}: ${script}\n${stderr}`);
    return stdout;
  };
  // QEMU's network has a router that would add addresses and routes at any moment.
  await run('echo 0 > /proc/sys/net/ipv6/conf/default/accept_ra');
  const owned = undo.move();
  return {
    client,
    run,
    async plugNic(mac) {
      // It stays: the machine goes with the test, and taking a card out takes seconds.
      const { pciPath } = await machine.plugNic({ mac });
      await client.updateInterface({ interface: { devicePath: pciPath } });
      const { Interfaces } = await client.listInterfaces({});
      const name = Interfaces.find(({ hwAddr }) => hwAddr.toLowerCase() === mac)?.name;
      if (name === undefined) throw new Error(`no interface has ${mac}`);
      await run(`ip link set ${name} down`);
      return { name, pciPath };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Why no namespace can be made on this machine; undefined when it can. */
function whyNoNamespace(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (spawnSync('ip', ['-V']).error !== undefined) return 'needs iproute2';
  const probe = 'ip link add name a type veth peer name b';
  return spawnSync('unshare', ['--net', 'sh', '-c', probe]).status === 0 ? undefined : 'needs veth';
}

function agents(): readonly NetworkAgent[] {
  const guests = testedAgents.filter(({ kind }) => kind === 'guest');
  if (guests.length > 0)
    return guests.map(({ title, skip, start }) => ({ title, skip, start: () => startInGuest(start) }));
  const absent = whyNoNamespace();
  const title = `in a network namespace${absent === undefined ? '' : ` (skipped: ${absent})`}`;
  return [{ title, skip: absent !== undefined, start: startInNamespace }];
}

/** The agents that every test of the network runs against: one in a namespace of this machine, or those in guests. */
export const networkAgents = agents();

/**
 * One bench for all tests of the `describe` this is called in: for tests that leave nothing behind. A guest of its own
 * for each would take minutes.
 *
 * @param prepare - done once
 * @returns the bench, while a test runs
 */
export function shareBench<Prepared>(
  { skip, start }: NetworkAgent,
  prepare: (bench: NetworkBench) => Promise<Prepared>,
): () => NetworkBench & { readonly prepared: Prepared } {
  let shared: (NetworkBench & { readonly prepared: Prepared }) | undefined;
  beforeAll(async () => {
    if (skip) return;
    const bench = await start();
    shared = { ...bench, prepared: await prepare(bench) };
  });
  afterAll(async () => {
    await shared?.[Symbol.asyncDispose]();
  });
  return () => {
    if (shared === undefined) throw new Error('no test runs');
    return shared;
  };
}
