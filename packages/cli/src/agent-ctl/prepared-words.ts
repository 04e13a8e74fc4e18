// SPDX-License-Identifier: Apache-2.0
import type { ApiCommand } from './api-commands.ts';

/**
 * Words of a command that are no fields of its request: they name things on this machine.
 * @param command the command
 */
export function preparedWords({ preparation }: ApiCommand): readonly string[] {
  switch (preparation) {
    case 'create-container':
      return ['image', 'id', 'spec', 'bundle-dir'];
    case 'exec-process':
      return ['spec', 'bundle-dir'];
    case 'copy-file':
      return ['src', 'dest'];
    case 'set-policy':
      return ['policy_file'];
    default:
      return [];
  }
}
