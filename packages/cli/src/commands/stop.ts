// SPDX-License-Identifier: Apache-2.0
import { stopSandbox } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { UsageError } from '../usage-error.ts';

const millisecondsPerSecond = 1000;

/**
 * `hako stop`: ends sandboxes in order, and by force when they take longer than the limit. Prints each that has ended.
 * @param ids the sandboxes
 * @param limit seconds, as text; default 15
 * @param components the program's world
 */
export async function stop(
  ids: readonly string[],
  limit: string | undefined,
  components: CliComponents,
): Promise<number> {
  const timeoutMs = limit === undefined ? undefined : parseSeconds(limit) * millisecondsPerSecond;
  await Promise.all(
    ids.map(async (id) => {
      const stopped = await stopSandbox(id, timeoutMs === undefined ? {} : { timeoutMs });
      components.stdout.write(`${stopped.id}\n`);
    }),
  );
  return 0;
}

function parseSeconds(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(`${JSON.stringify(text)} is not a number of seconds`, 'give a whole number');
}
