// SPDX-License-Identifier: Apache-2.0

/** What this package says while it works; pino and most other loggers fit. */
export interface AgentLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Says nothing. */
export const silentLogger: AgentLogger = {
  debug: () => undefined,
  warn: () => undefined,
};
