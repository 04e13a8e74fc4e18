// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/**
 * The part of a path of the wire below the directory it must lie in; `..` is refused even where it would stay inside.
 * Links are another matter: whoever opens the result does so with openat2.
 *
 * @param root - absolute, without trailing slash
 * @returns without empty words and single dots; never empty
 * @throws AgentError `path_refused`
 */
export function pathBelow(root: string, path: string): string {
  const refuse = (reason: string) =>
    new AgentError('path_refused', `path ${JSON.stringify(path)} ${reason}`, { operand: path });
  if (!path.startsWith(`${root}/`)) throw refuse(`is not below ${root}`);
  if (path.includes('\0')) throw refuse('has a NUL in it');
  const words = path.slice(root.length + 1).split('/');
  if (words.includes('..')) throw refuse('leads upwards');
  const below = words.filter((word) => word !== '' && word !== '.').join('/');
  if (below === '') throw refuse('names the directory itself');
  return below;
}
