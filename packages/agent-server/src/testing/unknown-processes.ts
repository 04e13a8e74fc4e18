// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';

/** Processes nobody has, beside a container `c1` that runs, and how most calls refuse them. */
export const unknownProcesses = [
  {
    title: 'an unknown container [INVALID_ARGUMENT]',
    request: { containerId: 'nope' },
    code: Status.INVALID_ARGUMENT,
  },
  {
    title: 'an unknown exec id [NOT_FOUND]',
    request: { containerId: 'c1', execId: 'nope' },
    code: Status.NOT_FOUND,
  },
] as const;
