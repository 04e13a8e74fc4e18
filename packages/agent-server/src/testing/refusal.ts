// SPDX-License-Identifier: Apache-2.0
import type { Status } from 'nice-grpc-common';
import { expect } from 'vitest';

/** What a call that was refused rejects with, for `toMatchObject`. */
export function refusal(code: Status, text = ''): { readonly code: Status; readonly details: unknown } {
  const details: unknown = expect.stringContaining(text);
  return { code, details };
}
