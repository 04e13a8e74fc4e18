// SPDX-License-Identifier: Apache-2.0

/** Limit of plugging a CPU, memory or swap space in, or out: emulated guests need seconds for it. */
export const plugTimeoutMs = 30_000;
