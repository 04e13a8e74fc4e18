// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@hako/sandbox';
import { pino } from 'pino';

/**
 * Opens the program's own log: one JSON object a line (pino), everything from `debug` up, appended. Lines are written at
 * once, so that those before a crash are there. Two processes may append to one file.
 * @param path the file; made if absent
 * @throws Error of the file system when it cannot be opened
 */
export function openProgramLog(path: string): Logger {
  const destination = pino.destination({ dest: path, append: true, sync: true });
  return pino(
    { level: 'debug', base: { pid: process.pid }, serializers: { error: pino.stdSerializers.err } },
    destination,
  );
}

/**
 * Sends what is logged to several loggers.
 * @param loggers where to
 */
export function combineLoggers(loggers: readonly Logger[]): Logger {
  return {
    debug: (fields, message) => loggers.forEach((logger) => logger.debug(fields, message)),
    info: (fields, message) => loggers.forEach((logger) => logger.info(fields, message)),
    warn: (fields, message) => loggers.forEach((logger) => logger.warn(fields, message)),
    error: (fields, message) => loggers.forEach((logger) => logger.error(fields, message)),
  };
}
