// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { join } from 'node:path';

import { canAccess } from '../../can-access.ts';
import { runTool } from '../../run-tool.ts';
import { SandboxError } from '../../sandbox-error.ts';

/** Where distributions and builds from source have it. */
const defaultDirectories = ['/usr/bin', '/usr/local/bin'];

/** Debian 12's, of March 2023, was seen to lose what a guest sends and to spin. */
const oldestVersion = 20_240_101;

const otherStack = 'use the network `user`';

/** Where and how to look. */
export interface FindPasstOptions {
  readonly directories?: readonly string[];
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/**
 * Looks for a passt that will do. Errors: `tool_missing`, `network_failed` for one that is too old, those of `runTool`.
 * @param options where and how
 * @returns its path
 */
export async function findPasst({
  directories = defaultDirectories,
  signal,
}: FindPasstOptions = {}): Promise<string> {
  for (const directory of directories) {
    const path = join(directory, 'passt');
    if (!(await canAccess(path, constants.X_OK))) continue;
    const version = passtVersion(await runTool(path, ['--version'], { signal }));
    if (version >= oldestVersion) return path;
    throw new SandboxError('network_failed', `${path} is too old: it loses data`, {
      remedy: `install passt of 2024 or newer, or ${otherStack}`,
    });
  }
  throw new SandboxError('tool_missing', 'passt is not installed', {
    remedy: `install it (Debian 13 or newer: apt install passt), or ${otherStack}`,
  });
}

/** Versions are dates: `passt 2024_12_11.09478d5`, in Debian `passt 0.0~git20250503.587980c-2`. */
function passtVersion(text: string): number {
  const [, year, month, day] = /(\d{4})_?(\d{2})_?(\d{2})\./.exec(text) ?? [];
  return Number(`${year ?? 0}${month ?? ''}${day ?? ''}`);
}
