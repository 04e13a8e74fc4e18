// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { traceFile } from '../leftover-network.ts';
import { unmirrorLink } from './mirror-link.ts';
import { isGone } from './namespace-file.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

const traceSchema = z.object({
  namespacePath: z.string(),
  cookie: z.string().regex(/^(?:[\da-f]{2}){1,16}$/),
  links: z.array(z.string()),
});

/** What a sandbox changes in a namespace: the filters with its mark on these links. Taps end with the hypervisor. */
export type NetworkTrace = z.infer<typeof traceSchema>;

/**
 * Writes a trace before anything is changed.
 * @param directory run directory of the sandbox
 * @param trace what is going to be changed
 */
export async function writeTrace(directory: string, trace: NetworkTrace): Promise<void> {
  await writeFile(join(directory, traceFile), `${JSON.stringify(trace)}\n`, { mode: 0o600 });
}

/**
 * Takes back what a dead owner left in a namespace. Errors: those of the tools. What cannot be understood is no trace of ours.
 * @param text content of the trace
 * @param enter opens a way into a namespace
 */
export async function followTrace(text: string, enter: (path: string) => RunInNamespace): Promise<void> {
  const trace = traceSchema.safeParse(parseJson(text)).data;
  if (trace === undefined || (await isGone(trace.namespacePath))) return;
  const run = enter(trace.namespacePath);
  for (const link of trace.links) await unmirrorLink(link, trace.cookie, run);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
