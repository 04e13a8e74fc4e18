// SPDX-License-Identifier: Apache-2.0
import type { ContainerLimits } from '@hako/sandbox';

import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';

/**
 * `hako update`: changes the limits of sandboxes' workloads. Prints each that was changed.
 * @param ids the sandboxes
 * @param limits the new limits
 * @param components the program's world
 */
export async function update(
  ids: readonly string[],
  limits: ContainerLimits,
  components: CliComponents,
): Promise<number> {
  await Promise.all(
    ids.map(async (id) => {
      await using sandbox = await attachTo(id, components);
      await sandbox.update(limits);
      components.stdout.write(`${sandbox.record.id}\n`);
    }),
  );
  return 0;
}
