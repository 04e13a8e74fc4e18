// SPDX-License-Identifier: Apache-2.0
import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';
import { containerOf, parseTarget } from '../container-name.ts';

/**
 * `hako pause` and `hako unpause`: freezes containers, or lets them go on; a sandbox stands for all it has. Prints each
 * sandbox or container that was named and did.
 * @param operation which of the two
 * @param words `SANDBOX` or `SANDBOX/CONTAINER` each
 * @param components the program's world
 */
export async function pause(
  operation: 'pause' | 'resume',
  words: readonly string[],
  components: CliComponents,
): Promise<number> {
  await Promise.all(
    words.map(async (word) => {
      const target = parseTarget(word);
      await using sandbox = await attachTo(target.sandbox, components);
      if (target.container === undefined) {
        for (const note of await sandbox.containers())
          if (note.exitCode === undefined) await (await sandbox.container(note))[operation]();
        components.stdout.write(`${sandbox.record.id}\n`);
      } else {
        const { name, container } = await containerOf(sandbox, target);
        await container[operation]();
        components.stdout.write(`${name}\n`);
      }
    }),
  );
  return 0;
}
