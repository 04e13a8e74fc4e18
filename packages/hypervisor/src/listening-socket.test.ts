// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { isListed } from './listening-socket.ts';

test('a socket counts only when it listens', () => {
  const row = (flags: string, path: string): string =>
    `0000000000000000: 00000002 00000000 ${flags} 0001 01 1 ${path}`;
  expect(isListed(row('00010000', '/run/s'), '/run/s')).toBe(true);
  expect(isListed(row('00000000', '/run/s'), '/run/s')).toBe(false);
  expect(isListed(row('00010000', '/run/s2'), '/run/s')).toBe(false);
});
