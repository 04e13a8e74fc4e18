// SPDX-License-Identifier: Apache-2.0
import { isAbsolute } from 'node:path';

import { SandboxError } from '../../sandbox-error.ts';
import { maxId } from '../../spec/numeric-id.ts';
import { isWholeNumber } from '../../whole-number.ts';
import { mountPlace } from './mount-place.ts';

/** A file system in memory, the container's alone. */
export interface TmpfsMount {
  readonly type: 'tmpfs';
  /** Absolute path in the container. */
  readonly destination: string;
  /** Default: half of the guest's memory. */
  readonly sizeBytes?: number;
  /** Permissions of its root directory. Default 0o1777. */
  readonly mode?: number;
  /** Further options of mount(8). Default `nosuid`, `nodev`, `noexec`. */
  readonly options?: readonly string[];
}

/** Huge pages of the guest, set apart for the container; they go back with the sandbox. */
export interface HugePagesMount {
  readonly type: 'hugetlbfs';
  /** Absolute path in the container. */
  readonly destination: string;
  /** Size of a page in bytes. Default 2 MiB. */
  readonly pageBytes?: number;
  /** How much there is of them in bytes: a multiple of the page size. */
  readonly sizeBytes: number;
}

/** A directory of the sandbox, which its containers share by its name. It is empty at first and goes with the sandbox. */
export interface SandboxVolume {
  readonly type: 'volume';
  /** Absolute path in the container. */
  readonly destination: string;
  /** Letters, digits, dots, dashes and underscores. Default: a name that no other container knows. */
  readonly name?: string;
  /** A directory of the guest's root (default), or a tmpfs of its own. */
  readonly medium?: 'directory' | 'tmpfs';
  /** The group it is given to. Default: none; everybody may write. */
  readonly groupId?: number;
  /** Default false. */
  readonly readOnly?: boolean;
}

/** A mount of a container that is made in the guest. */
export type ContainerMount = TmpfsMount | HugePagesMount | SandboxVolume;

const usualPageBytes = 2 ** 21;
const maxMode = 0o7777;

/** Files of procfs that may be covered, as the agent has it. */
const coverable = /^\/proc\/(cpuinfo|diskstats|meminfo|stat|swaps|uptime|loadavg|net\/dev)$/;

/** What is wrong with a place in a container. */
export interface DestinationFault {
  /** Continues a sentence that names the place. */
  readonly why: string;
  readonly remedy: string;
}

/**
 * Says why nothing can be put at a place in a container; `undefined` if something can.
 * @param destination the place
 */
export function destinationFault(destination: string): DestinationFault | undefined {
  if (!isAbsolute(destination) || destination.includes('\0'))
    return { why: 'is not absolute', remedy: 'begin the path in the container with a slash' };
  if (destination.split('/').includes('..')) return { why: 'leads upwards', remedy: 'write it without ..' };
  const path = mountPlace(destination);
  if (path === '/') return { why: 'is the root of the container', remedy: 'name a directory in it' };
  if (path === '/proc' || (path.startsWith('/proc/') && !coverable.test(path)))
    return { why: 'hides a part of /proc', remedy: 'choose another place' };
  return undefined;
}

/**
 * Checks where a mount goes. Error: `invalid_options`.
 * @param what the mount, for the message
 * @param destination the place
 */
export function checkDestination(what: string, destination: string): void {
  const fault = destinationFault(destination);
  if (fault === undefined) return;
  const { why, remedy } = fault;
  throw new SandboxError('invalid_options', `${what} ${JSON.stringify(destination)} ${why}`, { remedy });
}

/** A mount with its defaults. */
export type CheckedMount =
  | (Required<Pick<TmpfsMount, 'type' | 'destination' | 'options'>> & Pick<TmpfsMount, 'sizeBytes' | 'mode'>)
  | Required<HugePagesMount>
  | (SandboxVolume & Required<Pick<SandboxVolume, 'medium' | 'groupId' | 'readOnly'>>);

/**
 * Checks a mount and fills in its defaults. Error: `invalid_options`.
 * @param mount as the caller gave it
 */
export function checkMount(mount: ContainerMount): CheckedMount {
  const { destination } = mount;
  checkDestination('mount destination', destination);
  const refuse = (what: string, remedy?: string): never => {
    throw new SandboxError(
      'invalid_options',
      `mount ${destination} has ${what}`,
      remedy === undefined ? {} : { remedy },
    );
  };
  switch (mount.type) {
    case 'tmpfs': {
      const { sizeBytes, mode, options = ['nosuid', 'nodev', 'noexec'] } = mount;
      if (sizeBytes !== undefined && !isWholeNumber(sizeBytes, 1)) refuse(`a size of ${sizeBytes} bytes`);
      if (mode !== undefined && !isWholeNumber(mode, 0, maxMode))
        refuse(`mode ${mode}`, 'give permissions such as 0o1777');
      const bad = options.find((option) => !/^[\x21-\x2b\x2d-\x7e]+$/.test(option));
      if (bad !== undefined) refuse(`option ${JSON.stringify(bad)}`, 'give options of mount(8) one by one');
      return { ...mount, options };
    }
    case 'hugetlbfs': {
      const { pageBytes = usualPageBytes, sizeBytes } = mount;
      if (!(isWholeNumber(pageBytes, 1) && Number.isInteger(Math.log2(pageBytes))))
        refuse(`pages of ${pageBytes} bytes`, 'give a power of two, such as 2 MiB');
      if (!(isWholeNumber(sizeBytes, 1) && sizeBytes % pageBytes === 0))
        refuse(`a size of ${sizeBytes} bytes`, `give a multiple of the page size, ${pageBytes}`);
      return { ...mount, pageBytes };
    }
    case 'volume': {
      const { name, medium = 'directory', groupId = 0, readOnly = false } = mount;
      if (name !== undefined && !/^[a-zA-Z0-9][\w.-]{0,63}$/.test(name))
        refuse(`the name ${JSON.stringify(name)}`, 'use letters, digits, dots, dashes and underscores');
      if (!isWholeNumber(groupId, 0, maxId)) refuse(`group ${groupId}`);
      return { ...mount, medium, groupId, readOnly };
    }
    default:
      return mount satisfies never;
  }
}
