// SPDX-License-Identifier: Apache-2.0
import { runTool } from './run-tool.ts';

/**
 * Absolute paths of the shared libraries and the dynamic loader that programs of the build host need, sorted.
 *
 * Errors: `tool_failed` when a program cannot be examined, is static, or a library is not found.
 */
export async function listSharedLibraries(
  programs: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const output = await runTool('ldd', [...programs], { signal });
  return [...new Set(parseLdd(output))].sort();
}

/** Reads the lines of ldd(1): `name => /path (0x…)`, or `/path (0x…)` for the loader. */
export function parseLdd(output: string): string[] {
  return output
    .split('\n')
    .map((line) => /(?:=>\s*)?(\/\S+) \(0x/.exec(line)?.[1])
    .filter((path) => path !== undefined);
}
