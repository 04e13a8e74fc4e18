// SPDX-License-Identifier: Apache-2.0
import type { ContainerLimits } from '@hako/sandbox';

import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';
import { containerOf, parseTarget } from '../container-name.ts';

/**
 * `hako update`: changes the limits of sandboxes' workloads. Prints each that was changed.
 * @param ids `SANDBOX`, for the first container, or `SANDBOX/CONTAINER` each
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
      const target = parseTarget(id);
      await using sandbox = await attachTo(target.sandbox, components);
      const { name, container } = await containerOf(sandbox, target);
      await container.update(limits);
      components.stdout.write(`${name}\n`);
    }),
  );
  return 0;
}
