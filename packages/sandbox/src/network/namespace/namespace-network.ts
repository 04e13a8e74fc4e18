// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { PciePort } from '@hako/hypervisor';

import { canAccess } from '../../can-access.ts';
import type { WaitOptions } from '../../deadline.ts';
import type { AgentCallOptions } from '../../process/guest-agent.ts';
import { SandboxError } from '../../sandbox-error.ts';
import type {
  AdoptedMachine,
  GuestNetwork,
  LinkControl,
  LinkRequest,
  NetworkMachine,
} from '../guest-network.ts';
import type { CheckedNetwork } from '../network-options.ts';
import type { NetworkAgent } from '../network-agent.ts';
import { chooseEndpoints, hasGivenAddress, toEndpoint, type Endpoint } from './endpoint.ts';
import { GuestCards, notRemoved } from './guest-cards.ts';
import { expectRateLimits } from './limit-rate.ts';
import { expectNetworkNamespace } from './namespace-file.ts';
import { namespaceResolver } from './namespace-resolver.ts';
import type { IpLink } from './ip-output.ts';
import { NetworkTrace, parseTrace } from './network-trace.ts';
import { planCard, type CardPlan } from './plan-card.ts';
import { readLinks, readNamespace, type NamespaceView } from './read-namespace.ts';
import { enterNamespace, type RunInNamespace } from './run-in-namespace.ts';
import { openMacvtap, type OpenMacvtap } from './tap-files.ts';
import { planFunction } from './vfio-function.ts';

/** What `tc` takes at most (`TC_COOKIE_MAX_SIZE`). */
const cookieBytes = 16;

/** How often a namespace is looked at that is set up late, and for how long: as Kata's runtime does. */
const rescanIntervalMs = 50;
const rescanTimeoutMs = 5_000;

type NamespaceOptions = Extract<CheckedNetwork, { kind: 'namespace' }>;

/** Parts that tests replace. */
export interface NamespaceParts {
  /** Opens a way into a namespace. */
  readonly enter?: ((path: string) => RunInNamespace) | undefined;
  readonly openMacvtap?: OpenMacvtap | undefined;
  /** CPUs of the machine: as many pairs of queues a card has. Default 1. */
  readonly vcpus?: number | undefined;
  /** Port of the machine for devices of the host. Default: the place of all devices. */
  readonly vfioPort?: PciePort | undefined;
  /** Default `/sys`. */
  readonly sysfs?: string | undefined;
  /** Default `/dev/vhost-net`. */
  readonly vhostDevice?: string | undefined;
}

/**
 * Reads a network namespace and decides how a guest is joined to it; changes nothing. Errors: `network_failed`, those of
 * the tools.
 * @param options which, and how
 * @param parts parts to use instead of the real ones
 * @param signal ends it
 */
export async function openNamespaceNetwork(
  options: NamespaceOptions,
  parts: NamespaceParts,
  signal: AbortSignal,
): Promise<GuestNetwork> {
  const { path, model } = options;
  await expectNetworkNamespace(path);
  const run = (parts.enter ?? enterNamespace)(path);
  const view = await readNamespace(run, signal);
  const endpoints = chooseEndpoints(view);
  if (endpoints.length === 0 && model !== 'none' && !options.mayBeEmpty) {
    throw new SandboxError('network_failed', `network namespace ${path} has no link with an address`, {
      remedy: 'set it up first',
    });
  }
  const network = new NamespaceNetwork(options, run, parts, await namespaceResolver(path));
  await network.planFirst(view, endpoints, signal);
  return network;
}

/**
 * Goes on with the network of a sandbox whose owner is dead; `undefined` if what that one has written down is not understood.
 * @param options which, and how
 * @param parts parts to use instead of the real ones
 * @param trace content of the trace, and the run directory it was in
 */
export function adoptNamespaceNetwork(
  options: NamespaceOptions,
  parts: NamespaceParts,
  { text, directory }: { readonly text: string; readonly directory: string },
): GuestNetwork | undefined {
  const trace = parseTrace(text, directory);
  if (trace === undefined) return undefined;
  const run = (parts.enter ?? enterNamespace)(options.path);
  return new NamespaceNetwork(options, run, parts, [], trace);
}

/** What a network is attached to. */
interface AttachedGuest {
  readonly vm: NetworkMachine;
  readonly agent: NetworkAgent;
  /** Whether the host's kernel moves the packets. */
  readonly vhost: boolean;
}

class NamespaceNetwork implements GuestNetwork, LinkControl {
  readonly namespacePath: string;
  readonly dns: readonly string[];
  readonly #options: NamespaceOptions;
  readonly #run: RunInNamespace;
  readonly #parts: NamespaceParts;
  readonly #cards = new GuestCards();
  readonly #closing = new AbortController();
  #firstPlans: readonly CardPlan[] = [];
  #trace: NetworkTrace | undefined;
  #guest: AttachedGuest | undefined;
  /** One change at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    options: NamespaceOptions,
    run: RunInNamespace,
    parts: NamespaceParts,
    dns: readonly string[],
    trace?: NetworkTrace,
  ) {
    this.namespacePath = options.path;
    this.dns = dns;
    this.#options = options;
    this.#run = run;
    this.#parts = parts;
    this.#trace = trace;
  }

  get links(): LinkControl {
    return this;
  }

  get isAwaited(): boolean {
    return this.#options.mayBeEmpty && this.#cards.size === 0;
  }

  /** Plans the cards that the guest has from the beginning. */
  async planFirst(view: NamespaceView, endpoints: readonly Endpoint[], signal: AbortSignal): Promise<void> {
    this.#firstPlans = await this.#plan(view, endpoints);
    if (Object.keys(this.#options.rates).length === 0) return;
    const rates = this.#firstPlans.flatMap((plan) => plan.rates);
    await expectRateLimits(rates, this.#run, signal);
  }

  async leaveTrace(directory: string): Promise<void> {
    const cookie = randomBytes(cookieBytes).toString('hex');
    this.#trace = new NetworkTrace(directory, { namespacePath: this.namespacePath, cookie });
    await this.#trace.write();
  }

  takeUp(vm: AdoptedMachine, agent: NetworkAgent): Promise<void> {
    return this.#enqueue({}, async () => {
      const trace = this.#expectTrace();
      const plugged = vm.pluggedDevices.map(({ device: { id } }) => id);
      await this.#cards.takeUp({ trace, run: this.#run, sysfs: this.#parts.sysfs }, new Set(plugged));
      this.#guest = { vm, agent, vhost: await this.#hasVhost() };
    });
  }

  attach(vm: NetworkMachine, agent: NetworkAgent, options: AgentCallOptions): Promise<void> {
    return this.#enqueue(options, async (signal) => {
      this.#guest = { vm, agent, vhost: await this.#hasVhost() };
      const isLate = this.#firstPlans.length === 0 && this.#options.mayBeEmpty;
      // Whoever says that it is set up late may have done it while the machine booted.
      await this.#join(isLate ? await this.#look(signal) : this.#firstPlans, signal, true);
    });
  }

  add({ name, addresses, mtuBytes }: LinkRequest, options: AgentCallOptions): Promise<void> {
    return this.#enqueue(options, async (signal) => {
      const view = await readNamespace(this.#run, signal);
      const link = view.links.find(({ ifname }) => ifname === name);
      if (link === undefined || this.#cards.has(name)) {
        const why = link === undefined ? 'is not in' : 'is given to the guest already, from';
        throw new SandboxError('network_failed', `link ${name} ${why} ${this.namespacePath}`);
      }
      const endpoint: Endpoint = {
        ...toEndpoint(link, view),
        ...(addresses === undefined ? {} : { addresses }),
        ...(mtuBytes === undefined ? {} : { mtuBytes }),
      };
      await this.#join(await this.#plan(view, [endpoint]), signal, true);
    });
  }

  remove(nameOrMac: string, options: AgentCallOptions): Promise<void> {
    return this.#enqueue(options, async (signal) => {
      const { vm } = this.#expectGuest();
      await this.#cards.remove(nameOrMac, { vm, trace: this.#expectTrace() }, signal);
    });
  }

  takeIn(options: AgentCallOptions): Promise<void> {
    return this.#enqueue(options, async (signal) => {
      this.#expectGuest();
      await this.#join(await this.#look(signal), signal, true);
    });
  }

  async rescan({ timeoutMs = rescanTimeoutMs, ...limits }: WaitOptions): Promise<number> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      // Other changes need not wait until there is a link.
      const count = await this.#enqueue(limits, async (signal) => {
        this.#expectGuest();
        // As upstream: the neighbours of links that come late are left to the guest to learn.
        if (this.#cards.size === 0) await this.#join(await this.#look(signal), signal, false);
        return this.#cards.size;
      });
      if (count > 0 || performance.now() >= end) return count;
      await delay(rescanIntervalMs, undefined, limits);
    }
  }

  async close(): Promise<void> {
    await this.release();
    const [failure] = await this.#cards.close();
    if (failure !== undefined) throw notRemoved(failure);
  }

  async release(): Promise<void> {
    this.#closing.abort();
    // What is being done is finished or given up before it is taken back; each command is bounded.
    await this.#last.catch(() => undefined);
  }

  /** Plans cards for the links that have come. */
  async #look(signal: AbortSignal): Promise<readonly CardPlan[]> {
    const { withheld } = this.#expectTrace();
    const hasCome = (link: IpLink): boolean =>
      hasGivenAddress(link) && !this.#cards.has(link.ifname) && !withheld.has(link.ifname);
    // Most looks find nothing: the rest is not read for them.
    if (!(await readLinks(this.#run, signal)).some(hasCome)) return [];
    const view = await readNamespace(this.#run, signal);
    return this.#plan(view, chooseEndpoints({ ...view, links: view.links.filter(hasCome) }));
  }

  /** Numbers are not used twice: a guest may be slow to let go. */
  async #plan(view: NamespaceView, endpoints: readonly Endpoint[]): Promise<readonly CardPlan[]> {
    const { model, rates } = this.#options;
    const { vcpus = 1, sysfs } = this.#parts;
    const first = this.#trace?.nextCard ?? 0;
    const plans: CardPlan[] = [];
    for (const endpoint of endpoints) {
      const index = first + plans.length;
      const plan = planCard({ endpoint, index, model, vcpus, qdiscs: view.qdiscs, rates });
      const { connection } = plan;
      if (connection.kind === 'vfio') await planFunction(endpoint.name, connection.pciAddress, sysfs);
      plans.push(plan);
    }
    return plans;
  }

  /** All of the cards, or none. */
  async #join(plans: readonly CardPlan[], signal: AbortSignal, withNeighbours: boolean): Promise<void> {
    if (plans.length === 0) return;
    const { vm, agent, vhost } = this.#expectGuest();
    const { openMacvtap: open = openMacvtap, sysfs, vfioPort } = this.#parts;
    const context = {
      ...{ run: this.#run, vm, trace: this.#expectTrace(), vhost, sysfs, vfioPort },
      openMacvtap: open,
    };
    await this.#cards.add(plans, { context, agent, withNeighbours }, signal);
  }

  #expectGuest(): AttachedGuest {
    if (this.#guest === undefined) throw new SandboxError('invalid_state', 'the machine has no network yet');
    return this.#guest;
  }

  #expectTrace(): NetworkTrace {
    if (this.#trace === undefined) throw new SandboxError('invalid_state', 'the network has no trace');
    return this.#trace;
  }

  async #hasVhost(): Promise<boolean> {
    const { vhostDevice = '/dev/vhost-net' } = this.#parts;
    return this.#options.vhost && (await canAccess(vhostDevice, constants.R_OK | constants.W_OK));
  }

  #enqueue<T>(
    { signal: callerSignal }: AgentCallOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signals = [this.#closing.signal, ...(callerSignal === undefined ? [] : [callerSignal])];
    const signal = AbortSignal.any(signals);
    const done = this.#last
      .catch(() => undefined)
      .then(() => {
        signal.throwIfAborted();
        return work(signal);
      });
    this.#last = done;
    return done;
  }
}
