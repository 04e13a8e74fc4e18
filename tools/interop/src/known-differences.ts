// SPDX-License-Identifier: Apache-2.0
import type { Implementation } from './programs/program.ts';

/** Where an implementation is known to do something else than the suite expects. */
export interface KnownDifference {
  /** The names of the cases. */
  readonly cases: readonly string[];
  /** The implementation of the client. Default: each. */
  readonly client?: readonly Implementation[];
  /** The implementation of the server. Default: each. */
  readonly server?: readonly Implementation[];
  /** What is seen in place of what is expected. Several outcomes are those of a race. */
  readonly seen: readonly [unknown, ...unknown[]];
  /** Whether what is expected may be seen as well, because the race may go well. Default: then the suite fails. */
  readonly sometimes?: true;
  /** Why. */
  readonly reason: string;
}

const one = { data: 'b25l' };
const two = { data: 'dHdv' };
const three = { data: 'dGhyZWU=' };
const fourMebibytes = { end: 'OK', whole: false, afterwards: 'OK' };

/**
 * The Go client opens a stream without the flag for "no data", and the Rust server takes the empty payload of that
 * request for a first, empty message.
 */
const phantomMessages: readonly Pick<KnownDifference, 'cases' | 'seen'>[] = [
  {
    // The handler is done with the phantom; the answer to the real message, late by then, may overtake its reply.
    cases: ['a server may answer a client stream that is still open'],
    seen: [
      { replies: [{}], end: 'OK' },
      { replies: [], end: 'INVALID_ARGUMENT' },
    ],
  },
  { cases: ['a bidirectional stream alternates'], seen: [{ replies: [{}, one, two, three], end: 'OK' }] },
  {
    cases: ['a bidirectional stream of 500 messages flows both ways at once, in order'],
    seen: [{ count: 501, inOrder: false, end: 'OK' }],
  },
  { cases: ['a bidirectional stream may carry nothing at all'], seen: [{ replies: [{}], end: 'OK' }] },
  {
    cases: ['empty messages keep their place in a stream'],
    seen: [{ replies: [{}, {}, { data: 'YmV0d2Vlbg==' }, {}], end: 'OK' }],
  },
  {
    cases: ['after its half close a client still receives'],
    seen: [{ replies: [{ data: 'Yw==' }, { data: 'Yg==' }, { data: 'YQ==' }, {}], end: 'OK' }],
  },
  {
    cases: ['streams and calls share a connection'],
    seen: [[1, 3, 100, 1].map((count) => ({ count, end: 'OK' }))],
  },
  {
    cases: ['a stream message of 4 MiB - 1 arrives', 'a stream message of exactly 4 MiB arrives'],
    seen: [fourMebibytes],
  },
];

/** All of them. One that is no longer seen fails the suite, so that this list stays true. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    cases: ['a method of an unknown service is UNIMPLEMENTED'],
    server: ['rust'],
    seen: ['INVALID_ARGUMENT'],
    reason: 'the Rust server answers so; ours can be told to (unknownServiceStatus)',
  },
  {
    cases: ['a reply of 4 MiB + 1 is RESOURCE_EXHAUSTED and the connection lives on'],
    server: ['go'],
    seen: [{ end: 'closed', whole: false, afterwards: 'closed' }],
    reason: 'the Go server gives up the whole connection when it cannot send a reply',
  },
  {
    cases: ['a reply of 4 MiB + 1 is RESOURCE_EXHAUSTED and the connection lives on'],
    server: ['rust'],
    seen: [{ end: 'INVALID_ARGUMENT', whole: false, afterwards: 'OK' }],
    reason: 'the Rust server names an oversized reply so',
  },
  {
    cases: [
      'a request of 4 MiB + 1 is RESOURCE_EXHAUSTED and the connection lives on',
      'a stream message of 4 MiB + 1 is RESOURCE_EXHAUSTED and the connection lives on',
    ],
    client: ['rust'],
    seen: [
      {
        end: 'ttrpc err: message length 4194305 exceed maximum message size of 4194304',
        whole: false,
        afterwards: 'OK',
      },
    ],
    reason: 'the Rust client refuses to send with an error that has no status',
  },
  {
    cases: ['a call that outlives its deadline is DEADLINE_EXCEEDED'],
    client: ['rust'],
    seen: [{ end: 'ttrpc err: Request deadline elapsed', afterwards: 'OK' }],
    sometimes: true,
    reason:
      "the Rust client's own deadline is an error that has no status; the server's answer may come first",
  },
  {
    cases: ['a stream that outlives its deadline is DEADLINE_EXCEEDED'],
    client: ['rust'],
    server: ['rust'],
    seen: ['abandoned'],
    reason: 'the Rust client sends the deadline of a stream and neither end of the crate keeps it',
  },
  {
    cases: ['a thousand calls at once each get their own answer'],
    client: ['rust'],
    server: ['go'],
    seen: [{ ends: ['INVALID_ARGUMENT', 'OK'], strays: 0 }],
    sometimes: true,
    reason: 'the Rust client lets requests overtake each other, the Go server refuses ids that do not rise',
  },
  ...phantomMessages.map((phantom) => ({
    ...phantom,
    client: ['go'] as const,
    server: ['rust'] as const,
    reason: 'the Rust server sees an empty message before the first one of a Go client',
  })),
  {
    cases: ['a server that shuts down gracefully finishes the call in flight'],
    server: ['go'],
    seen: ['closed'],
    sometimes: true,
    reason: 'the Go server takes a connection for idle until its first reply, also while its first call runs',
  },
  {
    cases: ['a server that shuts down gracefully finishes the call in flight'],
    client: ['go'],
    server: ['rust', 'hako'],
    seen: ['closed'],
    sometimes: true,
    reason:
      'the Go client, when a reply and the end of the connection come together, takes either for the outcome',
  },
  {
    cases: ['a handler is told that its caller has given up'],
    client: ['go', 'rust'],
    seen: [false],
    reason: 'the protocol has no frame for it; ours is an extension, which the others do not send',
  },
  {
    cases: ['a handler is told that its caller has given up'],
    client: ['hako'],
    server: ['go', 'rust'],
    seen: [false],
    reason: 'the protocol has no frame for it; ours is an extension, which the others ignore',
  },
];

/** The difference that is known for a case between two implementations. */
export function findKnownDifference(
  name: string,
  client: Implementation,
  server: Implementation,
): KnownDifference | undefined {
  return knownDifferences.find(
    (difference) =>
      difference.cases.includes(name) &&
      (difference.client ?? [client]).includes(client) &&
      (difference.server ?? [server]).includes(server),
  );
}
