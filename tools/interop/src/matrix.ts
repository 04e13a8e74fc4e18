// SPDX-License-Identifier: Apache-2.0
import type { Availability, Implementation, Program } from './programs/program.ts';
import { onOneThread } from './programs/program.ts';

/** One end of a pair: a program in a certain configuration. */
export interface End {
  readonly implementation: Implementation;
  readonly title: string;
  readonly available: Availability;
}

/** A client and a server that the suite plays in. */
export interface MatrixPair {
  readonly title: string;
  readonly client: End;
  readonly server: End;
}

type Programs = Readonly<Record<Implementation, Availability>>;

/** Every pair of implementations, the reference pairs first: they show that the suite is right before it judges ours. */
export function matrixOf(programs: Programs): readonly MatrixPair[] {
  const { go, rust, hako } = endsOf(programs);
  const manyThreads: End = { ...rust, title: 'Rust (many threads)', available: programs.rust };
  const pairs: [End, End][] = [
    [go, go],
    [rust, rust],
    [go, rust],
    [rust, go],
    [hako, hako],
    [hako, go],
    [hako, rust],
    [go, hako],
    [rust, hako],
    [manyThreads, hako],
  ];
  return pairs.map(([client, server]) => ({
    title: `${client.title} client, ${server.title} server`,
    client,
    server,
  }));
}

/** Every server once, the references first. */
export function serversOf(programs: Programs): readonly End[] {
  const { go, rust, hako } = endsOf(programs);
  return [go, rust, hako];
}

function endsOf(programs: Programs): Readonly<Record<Implementation, End>> {
  return {
    go: { implementation: 'go', title: 'Go', available: programs.go },
    rust: { implementation: 'rust', title: 'Rust', available: onOneThreadWhere(programs.rust) },
    hako: { implementation: 'hako', title: 'our', available: programs.hako },
  };
}

/** Why a pair cannot be tried on this machine; empty when it can. */
export function missingOf(...ends: readonly End[]): readonly string[] {
  return ends.flatMap(({ available }) => ('missing' in available ? [available.missing] : []));
}

/** The program of an end that is not missing. */
export function programOf({ available }: End): Program {
  if ('missing' in available) throw new Error(available.missing);
  return available.program;
}

function onOneThreadWhere(available: Availability): Availability {
  return 'missing' in available ? available : { program: onOneThread(available.program) };
}
