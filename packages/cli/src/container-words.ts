// SPDX-License-Identifier: Apache-2.0
import type { ContainerOptions, SpecChoices } from '@hako/sandbox';

import type { RunRequest } from './run-request.ts';

/** What a container may do, and how its bundle is read. */
export type ContainerChoices = SpecChoices & Pick<ContainerOptions, 'emptyDirs' | 'guest'>;

/** The options of `hako run` that say what a container may do, as commander gives them. */
export interface ContainerWords {
  readonly tmpfs?: readonly string[];
  readonly readOnly?: boolean;
  readonly shmSize?: string;
  readonly ulimit?: readonly string[];
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly sysctl?: readonly string[];
  readonly securityOpt?: readonly string[];
  readonly entrypoint?: string;
}

/** All of them: one that is missing here does not compile, and would be ignored. */
const words: Readonly<Record<keyof ContainerWords, true>> = {
  tmpfs: true,
  readOnly: true,
  shmSize: true,
  ulimit: true,
  capAdd: true,
  capDrop: true,
  sysctl: true,
  securityOpt: true,
  entrypoint: true,
};

/**
 * Puts what the words say into a request; the code for it is loaded only where there are some. Error: `UsageError`.
 * @param request the request
 * @param given the words
 */
export async function applyContainerWords(request: RunRequest, given: ContainerWords): Promise<RunRequest> {
  const isGiven = ([word, value]: [string, unknown]): boolean =>
    value !== undefined && Object.hasOwn(words, word);
  if (!Object.entries(given).some(isGiven)) return request;
  const { parseContainerWords } = await import('./parse/container-choices.ts');
  const { mounts, ...parsed } = parseContainerWords(given);
  return { ...request, ...parsed, mounts: [...request.mounts, ...mounts] };
}
