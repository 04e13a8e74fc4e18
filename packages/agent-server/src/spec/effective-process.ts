// SPDX-License-Identifier: Apache-2.0
import type { OciProcess } from '@hako/protocols';

/**
 * A process without what has no effect in a guest: the AppArmor profile and the user's name. Terminals begin without a size,
 * and an empty working directory is the root.
 */
export function effectiveProcess(process: OciProcess): OciProcess {
  const { apparmorProfile: _apparmorProfile, consoleSize: _consoleSize, ...kept } = process;
  const { username: _username, ...user } = kept.user ?? { uid: 0, gid: 0 };
  return { ...kept, user, cwd: kept.cwd === '' ? '/' : kept.cwd };
}
