// SPDX-License-Identifier: Apache-2.0
import { silentLogger } from '../logger.ts';
import { CopyShare } from './copy-share.ts';
import type { CopyAgent } from './copy-tree.ts';
import type { JoinedShare } from './join-share.ts';

/**
 * Gives a guest of another process copies of files, for as long as they are kept up to date by this process. Nothing of that
 * process is needed.
 * @param agent the guest's agent
 */
export function joinCopies(agent: CopyAgent): JoinedShare {
  const share = new CopyShare({ logger: silentLogger });
  share.connect(agent);
  return {
    add: (requests, signal) => share.add(requests, signal),
    remove: (names) => share.remove(names),
    [Symbol.asyncDispose]: () => share.close(),
  };
}
