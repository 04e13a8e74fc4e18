// SPDX-License-Identifier: Apache-2.0
import type { SandboxComponents } from '@hako/sandbox';

import type { ConsoleStreams, OnSignal } from './console-streams.ts';

/** What the program works with; `main.ts` gives the real things, tests give others. */
export interface CliComponents extends ConsoleStreams {
  /** The environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Subscribes to the signals that end a program. */
  readonly onSignal: OnSignal;
  /** Parts of sandboxes to use instead of the real ones. */
  readonly sandbox: Partial<SandboxComponents>;
  /** The command that starts this program again, for sandboxes that outlive it. */
  readonly self: readonly [string, ...string[]];
}
