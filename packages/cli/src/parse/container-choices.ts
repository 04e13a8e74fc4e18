// SPDX-License-Identifier: Apache-2.0
import type { ContainerMount, ResourceLimit, TmpfsMount } from '@hako/sandbox';

import type { ContainerChoices, ContainerWords } from '../container-words.ts';
import type { RunRequest } from '../run-request.ts';
import { UsageError } from '../usage-error.ts';
import { tmpfs } from './guest-mounts.ts';
import { parseMib } from './memory-size.ts';
import { readSeccompProfile } from './seccomp-profile.ts';

/** What a tmpfs forbids unless it is told to allow it. */
const usualTmpfsOptions = ['nosuid', 'nodev', 'noexec'];

/** What the words say. */
export type ParsedContainerWords = Pick<RunRequest, 'choices' | 'shmMib' | 'entrypoint'> & {
  readonly mounts: readonly ContainerMount[];
};

/**
 * Understands the options that say what a container may do. Error: {@link UsageError}.
 * @param words the options
 */
export function parseContainerWords(words: ContainerWords): ParsedContainerWords {
  const { readOnly, shmSize, ulimit, capAdd, capDrop, sysctl, entrypoint } = words;
  const choices: ContainerChoices = {
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(ulimit === undefined ? {} : { rlimits: ulimit.map(parseUlimit) }),
    ...(capAdd === undefined && capDrop === undefined
      ? {}
      : { capabilities: { add: capAdd ?? [], drop: capDrop ?? [] } }),
    ...(sysctl === undefined ? {} : { sysctls: Object.fromEntries(sysctl.map(parseSysctl)) }),
    ...parseSecurity(words.securityOpt ?? []),
  };
  if (entrypoint === '') throw new UsageError('the entry point is empty', 'name a program');
  return {
    choices,
    mounts: (words.tmpfs ?? []).map(parseTmpfs),
    ...(shmSize === undefined ? {} : { shmMib: parseMib(shmSize) }),
    ...(entrypoint === undefined ? {} : { entrypoint }),
  };
}

function parseTmpfs(text: string): TmpfsMount {
  const [destination = '', words = '', ...surplus] = text.split(':');
  if (!destination.startsWith('/') || surplus.length > 0)
    throw new UsageError(
      `tmpfs ${JSON.stringify(text)} is not DIR[:OPTIONS]`,
      'write /tmp or /tmp:size=64m,mode=1777',
    );
  const options = words.split(',').filter((word) => word !== '');
  const value = (key: string): string | undefined =>
    options.findLast((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
  const flags = options.filter((option) => !/^(size|mode)=/.test(option));
  const unknown = flags.find(
    (flag) => !/^(ro|rw|(no)?(suid|dev|exec|atime)|(uid|gid|nr_inodes)=\d+k?)$/.test(flag),
  );
  if (unknown !== undefined)
    throw new UsageError(
      `tmpfs ${destination} has no option ${JSON.stringify(unknown)}`,
      'use size=, mode=, uid=, gid=, nr_inodes=, ro, exec, suid or dev',
    );
  const usual = usualTmpfsOptions.filter((option) => !flags.includes(option.slice('no'.length)));
  return {
    ...tmpfs(destination, value('size'), value('mode')),
    options: [...new Set([...usual, ...flags])],
  };
}

function parseUlimit(text: string): ResourceLimit {
  const match = /^([a-z]+)=(-1|\d{1,15}|unlimited)(?::(-1|\d{1,15}|unlimited))?$/.exec(text);
  const [, name, soft, hard] = match ?? [];
  if (name === undefined || soft === undefined)
    throw new UsageError(
      `limit ${JSON.stringify(text)} is not NAME=SOFT[:HARD]`,
      'write one such as nofile=1024:4096',
    );
  return { name, soft: limitValue(soft), hard: limitValue(hard ?? soft) };
}

function limitValue(text: string): number | 'unlimited' {
  return text === '-1' || text === 'unlimited' ? 'unlimited' : Number(text);
}

function parseSysctl(text: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError(`sysctl ${JSON.stringify(text)} is not NAME=VALUE`, 'write NAME=VALUE');
}

function parseSecurity(options: readonly string[]): Pick<ContainerChoices, 'seccomp' | 'noNewPrivileges'> {
  let found: Pick<ContainerChoices, 'seccomp' | 'noNewPrivileges'> = {};
  for (const option of options) {
    const [name, value] = splitOnce(option);
    if (name === 'no-new-privileges' && /^(true|false)?$/.test(value)) {
      found = { ...found, noNewPrivileges: value !== 'false' };
    } else if (name === 'seccomp' && value !== '') {
      const seccomp = value === 'unconfined' ? value : readSeccompProfile(value);
      found = { ...found, seccomp };
    } else {
      throw new UsageError(
        `unknown security option ${JSON.stringify(option)}`,
        'use seccomp=FILE, seccomp=unconfined or no-new-privileges',
      );
    }
  }
  return found;
}

/** Docker takes a colon as well. */
function splitOnce(text: string): readonly [string, string] {
  const end = text.search(/[=:]/);
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}
