// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { createReaper } from '@hako/linux';
import { createAgent } from './agent.ts';
import type { CommandLine } from './command-line.ts';
import { announcement } from './config/announce.ts';
import type { AgentOptions } from './config/agent-options.ts';
import { loadOptions } from './config/load-options.ts';
import { giveBackMemory } from './init/give-back-memory.ts';
import { mountGuest, prepareGuest } from './init/prepare-guest.ts';
import { endProcessOf, installLastResort } from './init/last-resort.ts';
import { loadPanicDriver } from './init/load-panic-driver.ts';
import { loadVsockTransport, usesVsock } from './init/load-vsock-transport.ts';
import { createLinuxComponents } from './linux-components.ts';
import { createConsoleWriter } from './logging/console-writer.ts';
import { createJsonLogger } from './logging/json-logger.ts';
import type { Logger } from './logging/logger.ts';
import { openLog } from './logging/open-log.ts';
import type { PassedConnections } from './pass-fd/passed-connections.ts';
import { createAgentPaths } from './paths/agent-paths.ts';
import { setStartPolicy } from './policy/start-policy.ts';
import { createAgentServer } from './server/agent-server.ts';
import { offerGrpc } from './server/offer-grpc.ts';
import { openDoor } from './server/open-door.ts';
import type { CallTracer } from './tracing/call-tracer.ts';
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

/** Offers a debug console if one is wanted; an agent without is worth more than none. */
async function offerDebugConsole(options: AgentOptions, logger: Logger, signal: AbortSignal): Promise<void> {
  if (!options.debugConsole) return;
  try {
    const { openDebugConsole } = await import('./debug/debug-console.ts');
    const address = openDebugConsole({ vsockPort: options.debugConsoleVport, logger, signal });
    logger.info({ address }, 'debug console');
  } catch (error) {
    logger.error({ error }, 'debug console cannot be opened');
  }
}

/** Lets hosts bring connections for standard streams, if they said that they would. */
async function offerPassFd(port: number, logger: Logger): Promise<PassedConnections | undefined> {
  if (port === 0) return undefined;
  const { listenForStreams } = await import('./pass-fd/listen-for-streams.ts');
  return listenForStreams(port, logger);
}

/** Begins to record spans, with a library that is loaded only here. */
async function startTracing(logger: Logger): Promise<CallTracer | undefined> {
  try {
    const { openTracer } = await import('./tracing/open-tracer.ts');
    return await openTracer(logger, agentVersion);
  } catch (error) {
    logger.error({ error }, 'spans cannot be recorded');
    return undefined;
  }
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
  const log = await openLog({ options, version: agentVersion, write });
  const { logger } = log;
  const tracer = options.tracing ? await startTracing(logger) : undefined;

  using reaper = createReaper({
    onOrphan: ({ pid, status }) => logger.debug({ pid: String(pid), status }, 'orphan reaped'),
  });
  const paths = createAgentPaths(commandLine.runDir === undefined ? {} : { runDir: commandLine.runDir });
  using passedConnections = await offerPassFd(options.passfdListenerPort, logger);
  const components = createLinuxComponents({ options, paths, logger, reaper, isInit });
  await using agent = createAgent({
    ...components,
    ...(tracer && { tracer }),
    ...(passedConnections && { passedConnections }),
  });
  await setStartPolicy(agent.policy, options.policyFile);
  const server = createAgentServer(agent, logger);
  const doorClosed = new AbortController();
  const address = commandLine.serverAddr ?? options.serverAddr;
  await openDoor(server, address, logger, doorClosed.signal);
  if (isInit && usesVsock(address, options)) await loadVsockTransport(components.runProgram, logger);
  // The host has been asking since before the machine booted: what it waits with is answered in this turn of the loop.
  await setImmediate();
  if (isInit) prepareGuest(logger);
  logger.info(announcement(options, address), 'announce');
  if (isInit) await loadPanicDriver(components.runProgram, logger);
  await offerDebugConsole(options, logger, doorClosed.signal);

  using _memory = isInit ? giveBackMemory({ logger }) : undefined;
  const grpcDoor = await offerGrpc(agent, options.grpcAddr, logger);

  await Promise.race([agent.sandboxDestroyed, stopSignal()]);
  doorClosed.abort();
  const limit = { timeoutMs: shutdownLimitMs };
  await Promise.all([server.shutdown(limit), grpcDoor?.close(limit)]);
  await tracer?.close();
  await log.close();
  if (isInit) end(0);
}
