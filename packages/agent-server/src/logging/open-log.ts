// SPDX-License-Identifier: Apache-2.0
import type { AgentOptions } from '../config/agent-options.ts';
import type { SideChannelDoors } from '../server/side-channel.ts';
import { createJsonLogger } from './json-logger.ts';
import type { Logger } from './logger.ts';

/** Virtio-serial port of the log, used when the machine has it. */
export const logPortName = 'hako.log.0';

/** The agent's log and its end. */
export interface OpenLog {
  readonly logger: Logger;
  /** Sends what has not been sent, and ends the connection. */
  close(): Promise<void>;
}

/** What {@link openLog} takes. */
export interface OpenLogOptions {
  readonly options: Pick<AgentOptions, 'logLevel' | 'logVport'>;
  /** Release of the agent, a key of each line. */
  readonly version: string;
  /** Takes lines when there is no log port. */
  readonly write: (line: string) => void;
  /** Default: those of the guest. */
  readonly doors?: SideChannelDoors;
}

/**
 * Opens the log where the options want it: on the port `agent.log_vport` for the host to fetch, or on standard output. A
 * port that cannot be opened is said on standard output, where the log then stays.
 */
export async function openLog({ options, version, write, doors }: OpenLogOptions): Promise<OpenLog> {
  const { logLevel: level, logVport } = options;
  const onOutput = createJsonLogger({ level, version, write });
  if (logVport <= 0) return { logger: onOutput, close: () => Promise.resolve() };
  // Loaded only here: most guests have no log port.
  const { createLogQueue } = await import('./log-queue.ts');
  const { linuxDoors, openSideChannel } = await import('../server/side-channel.ts');
  const queue = createLogQueue({
    onDropped: (count) => logger.warn({ count }, 'log lines were dropped because nobody fetched them'),
  });
  const logger = createJsonLogger({ level, version, write: (line) => queue.write(line) });
  const stop = new AbortController();
  try {
    openSideChannel(
      {
        vsockPort: logVport,
        portName: logPortName,
        onConnection: (stream) => queue.attach(stream),
        logger: onOutput,
        signal: stop.signal,
      },
      doors ?? linuxDoors,
    );
  } catch (error) {
    onOutput.warn({ error, port: logVport }, 'log port cannot be opened, the log stays on standard output');
    return { logger: onOutput, close: () => Promise.resolve() };
  }
  return {
    logger,
    async close() {
      await queue.close();
      stop.abort();
    },
  };
}
