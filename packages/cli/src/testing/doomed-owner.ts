// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { createSandbox, resolveImage, type PhaseName, type SandboxOptions } from '@hako/sandbox';

/** What a {@link ownUntilKilled} does. */
export interface DoomedPlan {
  /** The step at whose beginning the process is killed. */
  readonly step: PhaseName;
  /** So many milliseconds after the beginning of the step. Default 0. */
  readonly afterMs?: number;
  readonly options: SandboxOptions;
  /** Of the container; prints. */
  readonly command: readonly string[];
}

/** Dies as by an outside `kill -9`: nothing of this process runs any more. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/**
 * Owns a sandbox with a container that prints, and stops it when there is no step to be killed at before that.
 * @param plan when to die
 */
export async function ownUntilKilled({ step, afterMs = 0, options, command }: DoomedPlan): Promise<void> {
  const onPhase = (name: PhaseName): void => {
    if (name !== step) return;
    if (afterMs === 0) die();
    else setTimeout(die, afterMs);
  };
  const sandbox = await createSandbox(options, { onPhase });
  const image = await resolveImage('busybox');
  const container = await sandbox.createContainer({ image, command });
  container.stderr.resume();
  await container.start();
  await once(container.stdout, 'data');
  container.stdout.resume();
  await sandbox.stop();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- written by the test that starts this
  await ownUntilKilled(JSON.parse(process.argv[2] ?? '') as DoomedPlan);
}
