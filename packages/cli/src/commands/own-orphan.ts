// SPDX-License-Identifier: Apache-2.0
import { pipeline } from 'node:stream/promises';

import { adoptSandbox, type Container, type Sandbox } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { LogFile } from '../logs/log-file.ts';
import { ownerProcess } from '../owner-process.ts';

/**
 * The process behind `hako adopt`: becomes the owner of a sandbox whose owner is dead, goes on with its log, and ends with its
 * workload.
 * @param id the sandbox
 * @param components the program's world
 */
export function ownOrphan(id: string, components: CliComponents): Promise<number> {
  return ownerProcess(components, async (interrupts, sayRunning) => {
    await using sandbox = await adoptSandbox(id, { signal: interrupts.signal }, components.sandbox);
    const container = (await sandbox.containers()).at(0);
    interrupts.handOver({
      forward: (name) => void (container?.kill(name) ?? sandbox.stop()).catch(() => undefined),
      tearDown: () => void sandbox.stop({ graceful: false }).catch(() => undefined),
    });
    sayRunning(sandbox.id);
    if (container === undefined) {
      await sandbox.ended;
      return 0;
    }
    const exitCode = await attend(sandbox, container);
    await sandbox.stop({ exitCode });
    return exitCode;
  });
}

async function attend({ directory }: Sandbox, container: Container): Promise<number> {
  const log = await LogFile.create(directory);
  const [exitCode] = await Promise.all([
    container.wait(),
    pipeline(container.stdout, log.writer('stdout')),
    pipeline(container.stderr, log.writer('stderr')),
  ]);
  return exitCode;
}
