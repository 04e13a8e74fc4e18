// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import { z } from 'zod';

import { replaceFile } from '../../replace-file.ts';
import { traceFile } from '../leftover-network.ts';
import { isGone } from './namespace-file.ts';
import { networkChangeSchema, undoChange, type NetworkChange } from './network-change.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

const traceSchema = z.object({
  namespacePath: z.string(),
  cookie: z.string().regex(/^(?:[\da-f]{2}){1,16}$/),
  changes: z.array(networkChangeSchema),
});

/** The changes of one sandbox on the host, on file: each is written down before it is made. */
export class NetworkTrace {
  /** Run directory of the sandbox. */
  readonly directory: string;
  /** The mark of its filters. */
  readonly cookie: string;
  /** File of the namespace. */
  readonly namespacePath: string;
  readonly #changes = new Set<NetworkChange>();

  constructor(directory: string, namespacePath: string, cookie: string) {
    this.directory = directory;
    this.cookie = cookie;
    this.namespacePath = namespacePath;
  }

  /** Writes down a change that is going to be made. */
  async add(change: NetworkChange): Promise<void> {
    this.#changes.add(change);
    await this.write();
  }

  /** Forgets a change that was taken back. */
  async remove(change: NetworkChange): Promise<void> {
    this.#changes.delete(change);
    await this.write();
  }

  /** Writes the file anew: whole, or not at all. */
  async write(): Promise<void> {
    const { namespacePath, cookie } = this;
    const trace = { namespacePath, cookie, changes: [...this.#changes] };
    await replaceFile(join(this.directory, traceFile), `${JSON.stringify(trace)}\n`);
  }
}

/**
 * Takes back what a dead owner left, the last change first. Errors: those of the tools. What cannot be understood is no trace
 * of ours.
 * @param text content of the trace
 * @param directory run directory of the sandbox
 * @param enter opens a way into a namespace
 */
export async function followTrace(
  text: string,
  directory: string,
  enter: (path: string) => RunInNamespace,
): Promise<void> {
  const trace = traceSchema.safeParse(parseJson(text)).data;
  if (trace === undefined) return;
  const { namespacePath, cookie, changes } = trace;
  const run = (await isGone(namespacePath)) ? undefined : enter(namespacePath);
  for (const change of changes.toReversed()) await undoChange(change, { run, directory, cookie });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
