// SPDX-License-Identifier: Apache-2.0
import type { Origin } from '@hako/configuration';

/** Where a value comes from, in a few words. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
    case 'annotation':
      return origin.annotation;
    default:
      return origin satisfies never;
  }
}
