// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

import { SandboxError } from '../sandbox-error.ts';

/** Bytes of randomness in a generated id; it is printed as twice as many hexadecimal digits. */
const idBytes = 6;

/** Two characters at least: the agent accepts no shorter container id, and the first container bears the sandbox's. */
const idPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}$/;

/** Longest path of a Unix socket: `sun_path` of unix(7) without its terminating zero. */
const maxSocketPathBytes = 107;

/** The longest name of a socket in a run directory, with room for what a hypervisor driver adds. */
const longestSocketName = 'agent-channel.sock';

/** Makes a new sandbox id of 12 hexadecimal digits. */
export function generateId(): string {
  return randomBytes(idBytes).toString('hex');
}

/**
 * Checks that an id can name a sandbox below a base directory. Errors: `invalid_options`, `socket_path_too_long`.
 * @param id the wanted id
 * @param runRoot the base directory
 */
export function validateId(id: string, runRoot: string): void {
  if (!idPattern.test(id)) {
    throw new SandboxError('invalid_options', `name ${JSON.stringify(id)} is not usable`, {
      remedy: 'use 2 to 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
    });
  }
  const path = `${runRoot}/${id}/${longestSocketName}`;
  const length = Buffer.byteLength(path);
  if (length > maxSocketPathBytes) {
    throw new SandboxError(
      'socket_path_too_long',
      `socket path ${path} has ${length} bytes, the system allows ${maxSocketPathBytes}`,
      { remedy: 'use a shorter name or a shorter run directory (HAKO_RUN_DIR)' },
    );
  }
}
