// SPDX-License-Identifier: Apache-2.0

/**
 * Exit codes of the program beside those of the workload, as container engines have them.
 */
export const exitCodes = {
  /** Hako itself failed. */
  failure: 125,
  /** The workload's program cannot be executed. */
  notExecutable: 126,
  /** The workload's program does not exist. */
  notFound: 127,
  /** Added to the number of a signal. */
  signalBase: 128,
} as const;
