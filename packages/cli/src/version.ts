// SPDX-License-Identifier: Apache-2.0

/** Release of this package, which `hako --version` prints. */
export const packageVersion = '0.0.0';
