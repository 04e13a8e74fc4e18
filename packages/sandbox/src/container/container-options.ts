// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { BlockVolume, HostDevice, RootfsKind } from '../devices/device-options.ts';
import type { ContainerImage } from '../image/container-image.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { SpecChoices } from '../spec/spec-choices.ts';
import type { WireEdits } from '../spec/wire-spec.ts';
import type { ContainerLimits } from './container-limits.ts';
import { checkDestination, type ContainerMount } from './mounts/container-mount.ts';

/** A directory or file of the host that a container sees. */
export interface Volume {
  /** Path on the host; must exist. File systems mounted below it are not shared. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly destination: string;
  /** Default false. */
  readonly readOnly?: boolean;
}

/** What a container shall be. */
export interface ContainerOptions extends SpecChoices {
  /** The image, from `resolveImage`. */
  readonly image: ContainerImage;
  /** Id within the sandbox; default: the sandbox's id for the first container, random afterwards. */
  readonly id?: string;
  /** Program and arguments; default: what the image says. */
  readonly command?: readonly string[];
  /** `NAME=VALUE` each, on top of the image's environment. */
  readonly env?: readonly string[];
  /** Working directory; default: what the image says. */
  readonly cwd?: string;
  /** `USER[:GROUP]`, names or numbers; default: what the image says. */
  readonly user?: string;
  /** Gives the process a terminal. Default false. */
  readonly terminal?: boolean;
  /** `closed` (default): the program reads end-of-input at once; `pipe`: {@link GuestProcess.stdin} feeds it. */
  readonly stdin?: 'closed' | 'pipe';
  readonly volumes?: readonly Volume[];
  /** What is mounted in it beside files of the host: memory, huge pages, directories of the sandbox. */
  readonly mounts?: readonly ContainerMount[];
  /** Where Kubernetes' `emptyDir` volumes on disk are: shared from the host (default), or directories of the guest. */
  readonly emptyDirs?: 'host' | 'guest';
  /** What of a bundle's security settings and devices is for the guest. */
  readonly guest?: WireEdits;
  /** Devices of the host that it gets; each is plugged into the machine once, however many containers have it. */
  readonly devices?: readonly HostDevice[];
  /** Disks whose file systems it sees. */
  readonly blockVolumes?: readonly BlockVolume[];
  /** Where its root file system lies. Default: as the sandbox says. */
  readonly rootfs?: RootfsKind;
  /** What it may use of the machine, over the limits of the image's specification; the machine grows for it, if it can. */
  readonly limits?: ContainerLimits;
  /** Ends creation with code `aborted`. */
  readonly signal?: AbortSignal;
}

/** One more program in a container. */
export interface ExecOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** `NAME=VALUE` each, on top of the container's environment. */
  readonly env?: readonly string[];
  /** Working directory; default: the container's. */
  readonly cwd?: string;
  /** `UID[:GID]`, numbers; default: the container's. */
  readonly user?: string;
  /** Gives the process a terminal. Default false. */
  readonly terminal?: boolean;
  /** As for a container; default `closed`. */
  readonly stdin?: 'closed' | 'pipe';
  /** Ends the start with code `aborted`. */
  readonly signal?: AbortSignal;
}

/** The agent's rule for container ids. */
const containerIdPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/;

/** A volume whose source is known to exist, by its real path. */
export type CheckedVolume = Required<Volume>;

/**
 * Checks a container id. Error: `invalid_options`.
 * @param id the id
 */
export function validateContainerId(id: string): void {
  if (containerIdPattern.test(id)) return;
  throw new SandboxError('invalid_options', `container id ${JSON.stringify(id)} is not usable`, {
    remedy: 'use at least 2 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
  });
}

/** Makes a container or exec id. */
export function randomId(): string {
  return randomBytes(8).toString('hex');
}

/**
 * Checks volumes and resolves their sources. Error: `invalid_options`.
 * @param volumes as the caller gave them
 */
export function checkVolumes(volumes: readonly Volume[]): Promise<readonly CheckedVolume[]> {
  return Promise.all(
    volumes.map(async ({ source, destination, readOnly = false }) => {
      checkDestination('volume destination', destination);
      try {
        return { source: await realpath(resolve(source)), destination, readOnly };
      } catch (cause) {
        throw new SandboxError('invalid_options', `volume source ${source} does not exist`, {
          cause,
          remedy: 'create it first or correct the path',
        });
      }
    }),
  );
}

/**
 * Checks entries of an environment. Error: `invalid_options`.
 * @param entries `NAME=VALUE` each
 */
export function validateEnvironment(entries: readonly string[]): void {
  for (const entry of entries) {
    if (!/^[^=\0]+=[^\0]*$/.test(entry)) {
      throw new SandboxError(
        'invalid_options',
        `environment entry ${JSON.stringify(entry)} is not NAME=VALUE`,
        {
          remedy: 'write NAME=VALUE',
        },
      );
    }
  }
}
