// SPDX-License-Identifier: Apache-2.0
import type { ContainerImage } from '@hako/sandbox';

import type { RunRequest } from './run-request.ts';

/**
 * What a container runs: the caller's words after the image's entry point, or after one of his own; without words what the
 * image says.
 * @param request the caller's
 * @param image the image
 */
export function workloadCommand(
  { command, entrypoint }: Pick<RunRequest, 'command' | 'entrypoint'>,
  image: Pick<ContainerImage, 'command' | 'entrypoint'>,
): readonly string[] {
  if (entrypoint !== undefined) return [entrypoint, ...command];
  return command.length === 0 ? image.command : [...image.entrypoint, ...command];
}
