// SPDX-License-Identifier: Apache-2.0
import type { OciRlimit } from '@hako/protocols';

import { SandboxError } from '../sandbox-error.ts';

/** A limit of one process, see getrlimit(2). */
export interface ResourceLimit {
  /** In lower case and without `RLIMIT_`, such as `nofile`. */
  readonly name: string;
  /** `unlimited`, or a whole number in the limit's unit. */
  readonly soft: number | 'unlimited';
  /** At least the soft one. */
  readonly hard: number | 'unlimited';
}

const names =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );

/** `RLIM_INFINITY` */
const infinity = 2n ** 64n - 1n;

/**
 * Puts limits over those that a process would have. Error: `invalid_options`.
 * @param present what it would have
 * @param limits the caller's
 */
export function changeRlimits(present: readonly OciRlimit[], limits: readonly ResourceLimit[]): OciRlimit[] {
  const merged = new Map(present.map((limit) => [limit.type, limit]));
  for (const limit of limits) {
    const { name } = limit;
    const soft = limitValue(limit, limit.soft);
    const hard = limitValue(limit, limit.hard);
    if (!names.includes(name)) {
      throw new SandboxError('invalid_options', `there is no limit ${JSON.stringify(name)}`, {
        remedy: `use one of ${names.join(', ')}`,
      });
    }
    if (soft > hard)
      throw new SandboxError('invalid_options', `the soft limit of ${name} is above the hard one`);
    merged.set(`RLIMIT_${name.toUpperCase()}`, { type: `RLIMIT_${name.toUpperCase()}`, soft, hard });
  }
  return [...merged.values()];
}

function limitValue({ name }: ResourceLimit, value: number | 'unlimited'): bigint {
  if (value === 'unlimited') return infinity;
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new SandboxError('invalid_options', `a limit of ${value} is not possible for ${name}`);
}
