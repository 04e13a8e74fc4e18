// SPDX-License-Identifier: Apache-2.0
import { powerOff } from '@hako/linux';
import type { Logger } from '../logging/logger.ts';

/** How the agent's process ends. */
export type EndProcess = (exitCode: number) => void;

/** As PID 1 the machine is switched off, because a kernel without its first process panics. */
export function endProcessOf(isInit: boolean, logger: Logger): EndProcess {
  return (exitCode) => {
    if (!isInit) process.exit(exitCode);
    try {
      powerOff();
    } catch (error) {
      logger.error({ error, subsystem: 'init' }, 'the machine cannot be switched off');
    }
  };
}

/** Makes sure that an error nobody has caught is logged and ends the agent in good order. */
export function installLastResort(logger: Logger, end: EndProcess): void {
  const onError = (error: unknown) => {
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error({ error, stack, subsystem: 'init' }, 'uncaught error, the agent ends');
    end(1);
  };
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
}
