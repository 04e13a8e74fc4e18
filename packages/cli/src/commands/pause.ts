// SPDX-License-Identifier: Apache-2.0
import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';

/**
 * `hako pause` and `hako unpause`: freezes the workloads of sandboxes, or lets them go on. Prints each that did.
 * @param operation which of the two
 * @param ids the sandboxes
 * @param components the program's world
 */
export async function pause(
  operation: 'pause' | 'resume',
  ids: readonly string[],
  components: CliComponents,
): Promise<number> {
  await Promise.all(
    ids.map(async (id) => {
      await using sandbox = await attachTo(id, components);
      await sandbox[operation]();
      components.stdout.write(`${sandbox.record.id}\n`);
    }),
  );
  return 0;
}
