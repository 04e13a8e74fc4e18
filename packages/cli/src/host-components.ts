// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import type { Logger } from '@hako/sandbox';

import type { CliComponents } from './cli-components.ts';
import { escapeText } from './escape-text.ts';

/**
 * The real world of the program: this process. Error: that of the file system when the file named by `HAKO_LOG_FILE`
 * cannot be opened.
 */
export async function hostComponents(): Promise<CliComponents> {
  const { env, stdin, stdout, stderr } = process;
  const script = process.argv[1] ?? '';
  return {
    env,
    stdin,
    stdout,
    stderr,
    onSignal: (name, handler) => {
      process.on(name, handler);
      return () => process.off(name, handler);
    },
    sandbox: { logger: await chooseLogger(env['HAKO_LOG_FILE'], stderr) },
    self: [process.execPath, ...process.execArgv, script],
  };
}

/** The log file is loaded only where one is wanted. */
async function chooseLogger(logFile: string | undefined, stderr: NodeJS.WritableStream): Promise<Logger> {
  const forPeople = warningsOnly(stderr);
  if (logFile === undefined || logFile === '') return forPeople;
  const { combineLoggers, openProgramLog } = await import('./logs/program-log.ts');
  return combineLoggers([forPeople, openProgramLog(logFile)]);
}

/** A person sees what limits a sandbox or could not be cleaned; the rest is for `HAKO_DEBUG`. */
function warningsOnly(stderr: NodeJS.WritableStream): Logger {
  const isVerbose = (process.env['HAKO_DEBUG'] ?? '') !== '';
  const say = (fields: object, message: string): void => {
    const details = Object.entries(fields).map(
      ([name, value]) => `${name}: ${value instanceof Error ? value.message : String(value)}`,
    );
    stderr.write(`hako: ${escapeText([message, ...details].join('; '))}\n`);
  };
  const sayIfVerbose = isVerbose ? say : () => undefined;
  return { debug: sayIfVerbose, info: sayIfVerbose, warn: say, error: say };
}
