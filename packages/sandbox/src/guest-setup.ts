// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';

import { guestPaths } from '@hako/protocols';
import type { CreateSandboxRequest, DeepPartial } from '@hako/protocols/agent';

import { SandboxError } from './sandbox-error.ts';
import type { ShareRequest } from './share/file-share.ts';
import { isShareName } from './share/share-name.ts';

/** What a guest is to have before it has containers. */
export interface GuestSetup {
  /** Modules its kernel loads: the name, and behind it parameters, separated by blanks. */
  readonly kernelModules?: readonly string[];
  /**
   * Directory of the guest's image with programs that the agent runs at points of a container's life, in its subdirectories
   * `prestart`, `poststart` and `poststop`.
   */
  readonly guestHookPath?: string;
  /** Directories and files of the host that the guest sees, read-only, under their names below {@link guestPaths.sandboxMounts}. */
  readonly bindMounts?: readonly string[];
}

/** Kernel modules, as the agent is told of them. */
export type KernelModules = NonNullable<DeepPartial<CreateSandboxRequest>['kernelModules']>;

/**
 * Checks what a guest is to have, without a look at the host. Error: `invalid_options`.
 * @param setup as the caller gave it
 */
export function checkGuestSetup({ kernelModules = [], guestHookPath, bindMounts = [] }: GuestSetup): void {
  const refuse = (what: string, remedy: string): never => {
    throw new SandboxError('invalid_options', what, { remedy });
  };
  const module = kernelModules.find((text) => !/^\s*([\w-]+(\s+[\x21-\x7e]+)*)?\s*$/.test(text));
  if (module !== undefined)
    refuse(`kernel module ${JSON.stringify(module)} is not usable`, 'write a name and parameters behind it');
  if (guestHookPath !== undefined && !isAbsolute(guestHookPath))
    refuse(`hook directory ${JSON.stringify(guestHookPath)} is not absolute`, 'begin it with a slash');
  const names = bindMounts.map((path) => basename(path));
  for (const [index, path] of bindMounts.entries()) {
    if (!isAbsolute(path))
      refuse(`bind mount ${JSON.stringify(path)} has no absolute path`, 'name a directory or file');
    if (!isShareName(names[index] ?? ''))
      refuse(
        `bind mount ${JSON.stringify(path)} has no name for the guest`,
        'give a path that ends with letters, digits, dots, dashes or underscores, and does not begin with a dot there',
      );
    if (names.indexOf(names[index] ?? '') !== index)
      refuse(`two bind mounts have the name ${names[index]}`, 'give paths that end differently');
  }
}

/**
 * Checks that what a guest is to see of the host is there. Error: `invalid_options`.
 * @param setup checked
 */
export function checkGuestSources({ bindMounts = [] }: GuestSetup): void {
  const missing = bindMounts.find((path) => !existsSync(path));
  if (missing === undefined) return;
  throw new SandboxError('invalid_options', `bind mount ${missing} does not exist`, {
    remedy: 'create it first or correct the path',
  });
}

/**
 * Puts what a guest is to have as the agent is told of it.
 * @param setup checked
 * @param others further modules
 */
export function setupRequest(
  { kernelModules = [], guestHookPath }: GuestSetup,
  others: KernelModules = [],
): Pick<DeepPartial<CreateSandboxRequest>, 'kernelModules' | 'guestHookPath'> {
  const modules = kernelModules.flatMap((text) => {
    const [name, ...parameters] = text.trim().split(/\s+/);
    return name === undefined || name === '' ? [] : [{ name, parameters }];
  });
  return {
    kernelModules: [...modules, ...others],
    ...(guestHookPath === undefined ? {} : { guestHookPath }),
  };
}

/**
 * What has to be shared for the whole guest. Error: that of the system for what has gone meanwhile.
 * @param setup checked
 */
export function setupShares({ bindMounts = [] }: GuestSetup): Promise<readonly ShareRequest[]> {
  const directory = basename(guestPaths.sandboxMounts);
  return Promise.all(
    bindMounts.map(async (path) => ({
      name: `${directory}/${basename(path)}`,
      source: await realpath(path),
      readOnly: true,
    })),
  );
}
