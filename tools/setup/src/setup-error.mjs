// SPDX-License-Identifier: Apache-2.0

/** Exit code of a set-up that could not make the machine ready; `hako` uses the same for failures of its own. */
export const setupFailedExitCode = 125;

/** Set-up cannot go on; the message is one line that names the cause and the remedy. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}
