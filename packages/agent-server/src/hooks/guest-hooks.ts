// SPDX-License-Identifier: Apache-2.0
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OciHook } from '@hako/protocols';
import { errnoName } from '../errors/describe-error.ts';
import type { HookStage } from './run-hooks.ts';

/** Programs of the guest image that run for every container without hooks of its own. */
export type GuestHooks = Readonly<Record<HookStage, readonly OciHook[]>>;

/** No hooks at all. */
export const noGuestHooks: GuestHooks = { prestart: [], poststart: [], poststop: [] };

const anyExecute = 0o111;

async function hooksIn(dir: string, stage: HookStage): Promise<OciHook[]> {
  let names: string[];
  try {
    names = await readdir(join(dir, stage));
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
  const hooks: OciHook[] = [];
  for (const name of names.toSorted()) {
    const path = join(dir, stage, name);
    const status = await lstat(path);
    if (status.isFile() && (status.mode & anyExecute) !== 0) hooks.push({ path, args: [name, stage] });
  }
  return hooks;
}

/**
 * Finds the executable files in `prestart/`, `poststart/` and `poststop/` below a directory, in the order of their names.
 * Links are not taken.
 */
export async function findGuestHooks(dir: string): Promise<GuestHooks> {
  const [prestart, poststart, poststop] = await Promise.all([
    hooksIn(dir, 'prestart'),
    hooksIn(dir, 'poststart'),
    hooksIn(dir, 'poststop'),
  ]);
  return { prestart, poststart, poststop };
}
