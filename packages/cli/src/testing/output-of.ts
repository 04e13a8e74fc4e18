// SPDX-License-Identifier: Apache-2.0
import { text } from 'node:stream/consumers';

import { resolveImage, type Sandbox } from '@hako/sandbox';

/**
 * Runs a script in a container of its own, to the end of both; what it printed.
 * @param sandbox where
 * @param script for busybox' shell
 */
export async function outputOf(sandbox: Sandbox, script: string): Promise<string> {
  const image = await resolveImage('busybox');
  await using container = await sandbox.createContainer({ image, command: ['sh', '-c', script] });
  await container.start();
  const [stdout, stderr] = await Promise.all([text(container.stdout), text(container.stderr)]);
  await container.wait();
  return `${stdout}${stderr}`.trim();
}
