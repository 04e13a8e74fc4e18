// SPDX-License-Identifier: Apache-2.0

/** How a process ended. */
export type ExitStatus =
  { readonly exitCode: number } | { readonly signal: number; readonly coreDumped: boolean };

/** One number as shells report it: the exit code (0–255), or 128 + the signal. */
export function exitStatusToCode(status: ExitStatus): number {
  return 'exitCode' in status ? status.exitCode : 128 + status.signal;
}
