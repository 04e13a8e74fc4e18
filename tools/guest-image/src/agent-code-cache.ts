// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

/** The agent only prints its version. */
const versionTimeoutMs = 60_000;

/**
 * Lets V8 compile the agent ahead of time: on an emulated processor compiling it takes longer than running it.
 *
 * V8 is told to be predictable, so that the same agent and Node give the same bytes.
 *
 * Errors: `tool_failed` when the agent does not get as far as printing its version.
 *
 * @param options.parentDir - Existing directory for temporary files.
 */
export async function compileAgentCache(options: {
  nodePath: string;
  agentCode: Buffer;
  parentDir: string;
  signal?: AbortSignal | undefined;
}): Promise<Buffer> {
  await using temporary = await createTemporaryDirectory(options.parentDir);
  const agentFile = join(temporary.path, 'agent.cjs');
  const outputFile = join(temporary.path, 'agent.cache');
  await writeFile(agentFile, options.agentCode);
  const writer = join(import.meta.dirname, 'guest/write-code-cache.ts');
  const flags = ['--predictable', '--experimental-ffi', '--disable-warning=ExperimentalWarning'];
  await runTool(options.nodePath, [...flags, writer, agentFile, outputFile], {
    signal: options.signal,
    timeoutMs: versionTimeoutMs,
  });
  return await readFile(outputFile);
}
