// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { ignoreOutput, sandboxWorld } from '../testing/sandbox-world.ts';

test.for(['root', '', '1000:', ':1', '1:2:3', '-1', '4294967295', '4294967296', '0:4294967296'])(
  'a further program as user "%s" is refused before the guest is asked',
  async (user) => {
    await using world = await sandboxWorld();
    await using sandbox = await world.create();
    const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
    ignoreOutput(container);
    await container.start();
    await expect(container.exec({ command: ['echo'], user })).rejects.toMatchObject({
      code: 'invalid_options',
      message: `user ${JSON.stringify(user)} is not UID or UID:GID`,
    });
    expect(world.agent.calls).not.toContain('execProcess');
  },
);
