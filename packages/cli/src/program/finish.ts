// SPDX-License-Identifier: Apache-2.0

/** Receives the exit code of the command that ran. */
export type Finish = (exitCode: number) => void;
