// SPDX-License-Identifier: Apache-2.0
import { ServerError, Status } from 'nice-grpc-common';
import type { MemoryAgentOptions } from '../config/agent-options.ts';
import type { Logger } from '../logging/logger.ts';

/** Settings to change; those that are undefined stay as they are. */
export type MemoryAgentChange = {
  readonly [Key in keyof MemoryAgentOptions]?: MemoryAgentOptions[Key] | undefined;
};

/**
 * Keeps the settings of the memory agent for hosts that send them. Nothing is reclaimed or compacted by them: that part of
 * Kata's agent is not built here, which the log says whenever somebody switches it on or changes it.
 */
export interface MemoryAgent {
  /** What was configured; undefined when it is off. */
  readonly settings: MemoryAgentOptions | undefined;
  /** @throws ServerError INTERNAL with upstream's text when it is off */
  change(change: MemoryAgentChange): void;
}

const offMessage = 'mem-agent is disabled';
const noEffect = 'settings of the memory agent are kept without effect: this agent does not reclaim memory';

/** A {@link MemoryAgent} with the settings of the options. */
export function createMemoryAgent(options: MemoryAgentOptions | undefined, logger: Logger): MemoryAgent {
  let settings = options;
  if (settings !== undefined) logger.warn({ settings }, noEffect);
  return {
    get settings() {
      return settings;
    },
    change(change) {
      if (settings === undefined) throw new ServerError(Status.INTERNAL, offMessage);
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      settings = { ...settings, ...Object.fromEntries(given) };
      logger.warn({ settings }, noEffect);
    },
  };
}
