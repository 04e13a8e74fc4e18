// SPDX-License-Identifier: Apache-2.0
import { runTool } from '../../run-tool.ts';

/** Milliseconds one command may take: each changes or reads a few entries of the kernel. */
const commandTimeoutMs = 10_000;

/** Longest output that is read, in characters. With more routes than that it is not understood, which is an error. */
const maxOutputLength = 4 * 1024 * 1024;

/**
 * Runs a program of the host in one network namespace and returns its standard output. Errors: `tool_missing`,
 * `tool_failed`, `timeout`, `aborted`.
 */
export type RunInNamespace = (
  command: readonly [string, ...(readonly string[])],
  options?: { readonly signal?: AbortSignal },
) => Promise<string>;

/**
 * Opens a way into a network namespace. Only the network is that of the namespace: files are those of the host.
 * @param path its file
 */
export function enterNamespace(path: string): RunInNamespace {
  return (command, { signal } = {}) =>
    runTool('nsenter', [`--net=${path}`, '--', ...command], {
      signal,
      timeoutMs: commandTimeoutMs,
      maxOutputLength,
    });
}
