// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Availability, LoadSpec, Program } from '@hako/interop';
import { buildPrograms, nodeProgram, Pair } from '@hako/interop';

interface Peer {
  readonly name: string;
  readonly title: string;
  readonly available: Availability;
}

function ownProgram(name: string): Availability {
  return { program: nodeProgram(name, join(import.meta.dirname, name, 'main.ts')) };
}

async function findPeers(): Promise<readonly Peer[]> {
  const { hako, go, rust } = await buildPrograms();
  return [
    { name: 'hako', title: '@hako/ttrpc', available: hako },
    { name: 'go', title: 'Go ttrpc', available: go },
    { name: 'rust', title: 'Rust ttrpc', available: rust },
    { name: 'grpc-js', title: '@grpc/grpc-js', available: ownProgram('grpc-js') },
    { name: 'raw', title: 'raw net echo', available: ownProgram('raw') },
  ];
}

/** What a load took. */
export interface LoadTime {
  readonly elapsedNs: number;
  readonly latenciesNs: readonly number[];
}

/** A client and a server process for every peer, all running for the whole benchmark. */
export class RpcPeers implements AsyncDisposable {
  readonly #pairs: ReadonlyMap<string, Pair>;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly subjects: readonly { readonly name: string; readonly title: string }[];
  /** Who is not there, and why. */
  readonly missing: readonly string[];

  private constructor(
    peers: readonly Peer[],
    programs: ReadonlyMap<string, Program>,
    pairs: ReadonlyMap<string, Pair>,
  ) {
    this.#programs = programs;
    this.#pairs = pairs;
    this.subjects = peers
      .filter(({ name }) => programs.has(name))
      .map(({ name, title }) => ({ name, title }));
    this.missing = peers.flatMap(({ title, available }) =>
      'missing' in available ? [`${title} was not measured: ${available.missing}`] : [],
    );
  }

  static async start(): Promise<RpcPeers> {
    const peers = await findPeers();
    const programs = new Map<string, Program>();
    const pairs = new Map<string, Pair>();
    for (const { name, available } of peers) {
      if ('missing' in available) continue;
      programs.set(name, available.program);
      pairs.set(name, await Pair.start(available.program, available.program));
    }
    return new RpcPeers(peers, programs, pairs);
  }

  /** Does a load on a peer's running pair. */
  load(subject: string, load: LoadSpec): Promise<LoadTime> {
    const pair = this.#pairs.get(subject);
    if (pair === undefined) throw new Error(`there is no peer ${subject}`);
    return runLoad(pair, load);
  }

  /** Starts a further pair of a peer. */
  startPair(subject: string): Promise<Pair> {
    const program = this.#programs.get(subject);
    if (program === undefined) throw new Error(`there is no peer ${subject}`);
    return Pair.start(program, program);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#pairs.values(), (pair) => pair[Symbol.asyncDispose]()));
  }
}

/** Does a load on a pair; fails when the peer reports anything but a time. */
export async function runLoad({ driver }: Pair, load: LoadSpec): Promise<LoadTime> {
  const outcome = await driver.load('load', load);
  const { elapsedNs, latenciesNs = [] } = outcome;
  if (elapsedNs === undefined || (outcome.local ?? '') !== '') {
    throw new Error(`a load failed: ${JSON.stringify(outcome).slice(0, 500)}`);
  }
  return { elapsedNs, latenciesNs };
}
