// SPDX-License-Identifier: Apache-2.0
import type { ProcessDefaults } from '../container/exec-process.ts';
import { isListOf, isObject, isText, isWhole } from './value-shape.ts';

type Limit = NonNullable<ProcessDefaults['rlimits']>[number];

/**
 * Tells whether a value of a file in a run directory is what further processes of a container start from. Written by hand:
 * every `hako exec` looks, and loading a library for it would take longer than the look.
 * @param value of any shape
 */
export function isProcessDefaults(value: unknown): value is ProcessDefaults {
  if (!isObject(value)) return false;
  const { env, cwd, user, rlimits = [], noNewPrivileges = false } = value;
  return (
    isListOf(env, isText) &&
    isText(cwd) &&
    isUser(user) &&
    isListOf(rlimits, isLimit) &&
    typeof noNewPrivileges === 'boolean'
  );
}

function isUser(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { uid, gid, additionalGids = [] } = value;
  return isWhole(uid) && isWhole(gid) && isListOf(additionalGids, isWhole);
}

function isLimit(value: unknown): value is Limit {
  if (!isObject(value)) return false;
  const { type, soft, hard } = value;
  return isText(type) && isWholeText(soft) && isWholeText(hard);
}

/** A whole number as text: some are larger than JSON's. */
function isWholeText(value: unknown): boolean {
  return isText(value) && /^-?\d{1,20}$/.test(value);
}
