// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { createReaper } from '@hako/linux';
import { createAgent } from './agent.ts';
import type { CommandLine } from './command-line.ts';
import { announcement } from './config/announce.ts';
import { loadOptions } from './config/load-options.ts';
import { mountGuest, prepareGuest } from './init/prepare-guest.ts';
import { endProcessOf, installLastResort } from './init/last-resort.ts';
import { createLinuxComponents } from './linux-components.ts';
import { createConsoleWriter } from './logging/console-writer.ts';
import { createJsonLogger } from './logging/json-logger.ts';
import { createAgentPaths } from './paths/agent-paths.ts';
import { createAgentServer } from './server/agent-server.ts';
import { openDoor } from './server/open-door.ts';
import { agentVersion } from './version.ts';

/** Handlers get this long to finish when the agent ends. */
const shutdownLimitMs = 10_000;
const standardOutput = 1;

function readKernelCommandLine(): string {
  try {
    return readFileSync('/proc/cmdline', 'utf8');
  } catch {
    // Stand-alone without procfs: there are no words then.
    return '';
  }
}

/** Resolves at SIGTERM or SIGINT; a guest's agent gets none. */
function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(undefined));
  return promise.then(() => undefined);
}

/**
 * The agent's life as a program. The server listens before anything that can wait; the end of the sandbox, or a signal,
 * ends it.
 *
 * @returns when the process is to end; as PID 1 the machine has been switched off by then
 */
export async function runAgent(commandLine: CommandLine): Promise<void> {
  const isInit = process.pid === 1;
  const write = createConsoleWriter(standardOutput);
  const earlyLogger = createJsonLogger({ level: 'info', version: agentVersion, write, subsystem: 'init' });
  const end = endProcessOf(isInit, earlyLogger);
  installLastResort(earlyLogger, end);
  if (isInit) mountGuest();
  const options = await loadOptions({
    configFile: commandLine.configFile,
    commandLine: readKernelCommandLine(),
    environment: process.env,
  });
  const logger = createJsonLogger({ level: options.logLevel, version: agentVersion, write });

  using reaper = createReaper({
    onOrphan: ({ pid, status }) => logger.debug({ pid: String(pid), status }, 'orphan reaped'),
  });
  const paths = createAgentPaths(commandLine.runDir === undefined ? {} : { runDir: commandLine.runDir });
  await using agent = createAgent(createLinuxComponents({ options, paths, logger, reaper, isInit }));
  const server = createAgentServer(agent, logger);
  const doorClosed = new AbortController();
  const address = commandLine.serverAddr ?? options.serverAddr;
  await openDoor(server, address, logger, doorClosed.signal);
  // The host has been asking since before the machine booted: what it waits with is answered in this turn of the loop.
  await setImmediate();
  if (isInit) prepareGuest(logger);
  logger.info(announcement(options, address), 'announce');

  await Promise.race([agent.sandboxDestroyed, stopSignal()]);
  doorClosed.abort();
  await server.shutdown({ timeoutMs: shutdownLimitMs });
  if (isInit) end(0);
}
