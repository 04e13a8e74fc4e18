// SPDX-License-Identifier: Apache-2.0

/** Facts of a log line beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the parts of the agent report what they do: the shape of pino, reduced to what is used. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
