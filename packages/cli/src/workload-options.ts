// SPDX-License-Identifier: Apache-2.0
import type { ContainerImage, ContainerOptions } from '@hako/sandbox';

import type { RunRequest } from './run-request.ts';

/**
 * What the container of a workload shall be, in a machine of its own or in one that is there.
 * @param request the caller's
 * @param image the image
 * @param signal ends its creation
 */
export function workloadOptions(
  request: RunRequest,
  image: ContainerImage,
  signal: AbortSignal,
): ContainerOptions & Required<Pick<ContainerOptions, 'command'>> {
  const { cwd, user, env, terminal, volumes, mounts, blockVolumes, devices, limits } = request;
  return {
    ...request.choices,
    ...{ image, env, terminal, volumes, mounts, blockVolumes, devices, limits, signal },
    command: workloadCommand(request, image),
    stdin: request.interactive ? 'pipe' : 'closed',
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { user }),
  };
}

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
