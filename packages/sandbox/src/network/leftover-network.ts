// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Name of the trace in a run directory. `namespace/network-trace.ts` writes it, and is loaded only if there is one. */
export const traceFile = 'network.json';

/**
 * Takes back what the dead owner of a run directory left in a network namespace.
 * @param directory its run directory
 * @returns whether nothing is left; if not, the directory is to be kept and looked at again
 */
export async function removeLeftNetwork(directory: string): Promise<boolean> {
  const text = await readFile(join(directory, traceFile), 'utf8').catch(() => undefined);
  if (text === undefined) return true;
  const { followTrace } = await import('./namespace/network-trace.ts');
  const { enterNamespace } = await import('./namespace/run-in-namespace.ts');
  return followTrace(text, directory, enterNamespace).then(
    () => true,
    () => false,
  );
}
