// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';

/** Who makes the cgroup, and where it is below the cgroup mount. */
export interface CgroupPlacement {
  /** `systemd`: a transient scope; `cgroupfs`: directories. */
  readonly manager: 'cgroupfs' | 'systemd';
  /** Absolute path below the cgroup mount. */
  readonly path: string;
  /** The text for `linux.cgroupsPath`. */
  readonly cgroupsPath: string;
}

const systemdPattern = /^[\w\-.]*:[\w\-.]*:[\w\-.]*$/;

/** `a-b.slice` → `a.slice/a-b.slice`. Source: systemd.slice(5). */
function expandSlice(slice: string): string {
  const words = slice.replace(/\.slice$/, '').split('-');
  return words.map((_word, index) => `${words.slice(0, index + 1).join('-')}.slice`).join('/');
}

/**
 * Where a container's cgroup goes.
 *
 * @param containerId - used when the host gives no path
 * @param cgroupsPath - `linux.cgroupsPath` of the host: a path, or `slice:prefix:name`
 * @param isInit - as PID 1 there is no systemd to ask
 * @param parent - the group in which groups given by paths lie
 * @throws AgentError `invalid_spec` for a path that leaves the cgroup mount
 */
export function placeCgroup(
  containerId: string,
  cgroupsPath: string | undefined,
  isInit: boolean,
  parent = '/',
): CgroupPlacement {
  if (cgroupsPath === undefined || cgroupsPath === '') {
    const path = join(parent, containerId);
    return { manager: 'cgroupfs', path, cgroupsPath: path };
  }
  if (!isInit && systemdPattern.test(cgroupsPath)) {
    const [slice = '', prefix = '', name = ''] = cgroupsPath.split(':');
    const path = join('/', expandSlice(slice === '' ? 'system.slice' : slice), `${prefix}-${name}.scope`);
    return { manager: 'systemd', path, cgroupsPath };
  }
  const words = cgroupsPath.replaceAll(':', '/').split('/');
  if (words.includes('..')) {
    throw new AgentError('invalid_spec', `cgroup path leads upwards: ${cgroupsPath}`, {
      operand: cgroupsPath,
    });
  }
  if (words.every((word) => word === '' || word === '.')) {
    throw new AgentError('invalid_spec', `cgroup path names the root: ${cgroupsPath}`, {
      operand: cgroupsPath,
    });
  }
  const path = join(parent, ...words);
  return { manager: 'cgroupfs', path, cgroupsPath: path };
}
