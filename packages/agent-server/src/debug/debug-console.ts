// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import type { Duplex } from 'node:stream';
import { AgentError } from '../errors/agent-error.ts';
import type { Logger } from '../logging/logger.ts';
import { linuxDoors, openSideChannel, type SideChannelDoors } from '../server/side-channel.ts';
import { runShellSession, spawnOnTerminal } from './shell-session.ts';

/** Virtio-serial port of the debug console, used when the machine has it. */
export const consolePortName = 'hako.console.0';

/** Shells that are looked for, in this order. Source: Kata's agent. */
const shells = ['/run/kata-extensions/devkit/bin/devkit-sh', '/bin/bash', '/bin/sh'];
const consoleDevice = '/dev/console';
/** Sessions at the same time; more connections are closed at once. */
const maxSessions = 8;

/** What {@link openDebugConsole} takes. */
export interface DebugConsoleOptions {
  /** vsock port; 0 or less = the machine's console. */
  readonly vsockPort: number;
  readonly logger: Logger;
  /** Closes the console and ends its shells. */
  readonly signal: AbortSignal;
  /** Default: {@link linuxDoors}. */
  readonly doors?: SideChannelDoors;
  /** Default: the shells of Kata's agent. */
  readonly shells?: readonly string[];
}

function findShell(candidates: readonly string[]): string {
  const shell = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (shell === undefined)
    throw new AgentError('program_not_found', 'there is no shell for the debug console');
  return shell;
}

/**
 * Offers a root shell to whoever connects. It is meant for machines whose owner asked for it on the kernel command line:
 * there is no password.
 *
 * @returns where it can be reached
 * @throws AgentError `program_not_found` without a shell; LinuxError without a vsock; system errors without a console
 */
export function openDebugConsole(options: DebugConsoleOptions): string {
  const { vsockPort, logger, signal, doors = linuxDoors } = options;
  const shell = findShell(options.shells ?? shells);
  if (vsockPort <= 0) {
    accessSync(consoleDevice, constants.R_OK | constants.W_OK);
    const child = spawnOnTerminal(shell, ['-i'], consoleDevice);
    child.on('error', (error) => logger.error({ error, shell }, 'debug console has failed'));
    signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
    return consoleDevice;
  }
  const sessions = new Set<Duplex>();
  signal.addEventListener('abort', () => sessions.forEach((stream) => stream.destroy()), { once: true });
  return openSideChannel(
    {
      vsockPort,
      portName: consolePortName,
      logger,
      signal,
      onConnection(stream) {
        if (sessions.size >= maxSessions || signal.aborted) {
          stream.destroy();
          return;
        }
        sessions.add(stream);
        runShellSession(shell, stream)
          .catch((error: unknown) => logger.error({ error, shell }, 'debug console has failed'))
          .finally(() => sessions.delete(stream));
      },
    },
    doors,
  );
}
