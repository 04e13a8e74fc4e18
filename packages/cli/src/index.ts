// SPDX-License-Identifier: Apache-2.0
export type { CliComponents } from './cli-components.ts';
export type { ConsoleStreams, EndSignal, InputStream, OnSignal, OutputStream } from './console-streams.ts';
export { hostComponents } from './host-components.ts';
export { runCli } from './run-cli.ts';
