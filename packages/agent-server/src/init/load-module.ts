// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../logging/logger.ts';
import { modprobe } from '../system/modprobe.ts';
import type { ProgramRunner } from '../system/program-runner.ts';

/** Loads a module. A kernel that has it built in, or not at all, is left as it is. */
export async function loadModule(module: string, runProgram: ProgramRunner, logger: Logger): Promise<void> {
  try {
    const { exitCode, stderr } = await modprobe(runProgram, ['-q', module]);
    if (exitCode !== 0) logger.debug({ module, stderr }, 'module was not loaded');
  } catch (error) {
    logger.warn({ error, module }, 'module could not be loaded');
  }
}
