// SPDX-License-Identifier: Apache-2.0
import type { Mounter, MountEntry, MountRequest } from '../system/mounter.ts';
import { systemError } from './memory-pipe.ts';

/** A mount table in memory. */
export interface FakeMounter extends Mounter {
  /** Every request so far. */
  readonly requests: readonly MountRequest[];
  /** What is mounted. */
  readonly entries: readonly MountEntry[];
  /** Thrown by the next mount on a target. */
  readonly failures: Map<string, Error>;
}

/** A {@link FakeMounter} with nothing mounted. */
export function createFakeMounter(): FakeMounter {
  const requests: MountRequest[] = [];
  const entries: MountEntry[] = [];
  const failures = new Map<string, Error>();
  return {
    requests,
    entries,
    failures,
    mount(request) {
      const failure = failures.get(request.target);
      failures.delete(request.target);
      if (failure !== undefined) throw failure;
      requests.push(request);
      const { target, source, fstype = 'none', flags } = request;
      if (flags.includes('remount'))
        entries.splice(
          entries.findLastIndex((entry) => entry.target === target),
          1,
        );
      entries.push({ target, source, fstype, readOnly: flags.includes('ro') });
    },
    unmount(target) {
      const index = entries.findLastIndex((entry) => entry.target === target);
      if (index < 0) throw systemError('EINVAL', `nothing is mounted on ${target}`);
      entries.splice(index, 1);
    },
    list: () => Promise.resolve([...entries]),
  };
}
