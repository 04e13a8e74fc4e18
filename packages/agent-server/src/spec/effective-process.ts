// SPDX-License-Identifier: Apache-2.0
import type { OciProcess } from '@hako/protocols';

/**
 * A process without what has no effect in a guest: the AppArmor profile and the user's name. Terminals begin without a size,
 * and an empty working directory is the root.
 */
export function effectiveProcess(process: OciProcess): OciProcess {
  const { uid, gid, additionalGids } = process.user ?? { uid: 0, gid: 0 };
  const kept: OciProcess = {
    ...process,
    user: additionalGids === undefined ? { uid, gid } : { uid, gid, additionalGids },
    cwd: process.cwd === '' ? '/' : process.cwd,
  };
  delete kept.apparmorProfile;
  delete kept.consoleSize;
  return kept;
}
