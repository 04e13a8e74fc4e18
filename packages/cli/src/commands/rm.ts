// SPDX-License-Identifier: Apache-2.0
import { removeSandbox } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';

/**
 * `hako rm`: removes what is kept of sandboxes that have ended. Prints each that was removed.
 * @param ids the sandboxes
 * @param force stop them first when they run
 * @param components the program's world
 */
export async function rm(ids: readonly string[], force: boolean, components: CliComponents): Promise<number> {
  await Promise.all(
    ids.map(async (id) => {
      const removed = await removeSandbox(id, { force });
      components.stdout.write(`${removed.id}\n`);
    }),
  );
  return 0;
}
