// SPDX-License-Identifier: Apache-2.0
import type { Session } from './session.ts';

/** One promise of the protocol: what to do between a client and a server, and what must be seen. */
export interface Case {
  /** A sentence, unique in the suite; known differences refer to it. */
  readonly name: string;
  /** Whether the case ends its server, and so needs one of its own. */
  readonly ownServer?: true;
  /** Does it and returns what was seen. */
  readonly run: (session: Session) => Promise<unknown>;
  /** What `run` must return. */
  readonly expected: unknown;
}
