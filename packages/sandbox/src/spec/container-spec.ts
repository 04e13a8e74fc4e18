// SPDX-License-Identifier: Apache-2.0
import type { OciMount, OciProcess, OciSpec, OciUser } from '@hako/protocols';

import type { ContainerImage } from '../image/container-image.ts';
import { SandboxError } from '../sandbox-error.ts';
import {
  defaultCapabilities,
  defaultMaskedPaths,
  defaultPath,
  defaultReadonlyPaths,
  defaultRlimits,
} from './container-defaults.ts';

/** What a caller may decide about the process of a container; absent means: as the image says. */
export interface ProcessChoices {
  readonly command?: readonly string[];
  /** `NAME=VALUE` each; added to the image's environment, a later one replaces an earlier one. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly terminal?: boolean;
}

/** What else goes into a container's specification. */
export interface SpecInput extends ProcessChoices {
  readonly image: ContainerImage;
  readonly user: OciUser;
  readonly hostname: string;
  /** Root file system as the guest names it. */
  readonly rootPath: string;
  /** Mounts in their order, with sources as the guest names them. */
  readonly mounts: readonly OciMount[];
}

/**
 * Makes the specification of a container: the bundle's own with the caller's choices on top, or one made of defaults.
 * Error: `invalid_options` when neither image nor caller names a command.
 * @param input image and choices
 */
export function containerSpec(input: SpecInput): OciSpec {
  const { image } = input;
  const process = containerProcess(input);
  const root = { path: input.rootPath, readonly: image.readOnly };
  if (image.spec !== undefined) {
    return {
      ...image.spec,
      process,
      root,
      hostname: image.spec.hostname ?? input.hostname,
      mounts: [...input.mounts],
    };
  }
  return {
    ociVersion: '1.1.0',
    process,
    root,
    hostname: input.hostname,
    mounts: [...input.mounts],
    linux: {
      namespaces: [{ type: 'ipc' }, { type: 'uts' }, { type: 'mount' }, { type: 'pid' }, { type: 'cgroup' }],
      maskedPaths: [...defaultMaskedPaths],
      readonlyPaths: [...defaultReadonlyPaths],
    },
  };
}

function containerProcess(input: SpecInput): OciProcess {
  const { image, user } = input;
  const args = input.command ?? image.command;
  if (args.length === 0) {
    throw new SandboxError('invalid_options', `image ${image.reference} names no command`, {
      remedy: 'give the command after the image',
    });
  }
  const terminal = input.terminal ?? false;
  const env = mergeEnvironment(
    [defaultPath, ...(terminal ? ['TERM=xterm'] : []), `HOSTNAME=${input.hostname}`],
    image.env,
    input.env ?? [],
  );
  const set = [...defaultCapabilities];
  const base: OciProcess = image.spec?.process ?? {
    cwd: '/',
    capabilities: { bounding: set, effective: set, permitted: set },
    rlimits: [...defaultRlimits],
    noNewPrivileges: false,
  };
  return { ...base, args: [...args], env, user, terminal, cwd: input.cwd ?? image.cwd };
}

/**
 * Joins lists of `NAME=VALUE`; of several values for a name the last one stays, in the place of the first.
 * @param lists weakest first
 */
export function mergeEnvironment(...lists: readonly (readonly string[])[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of lists.flat()) merged.set(entry.split('=', 1)[0] ?? entry, entry);
  return [...merged.values()];
}
