// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { parseMemoryMib } from './memory-size.ts';

test.for([
  { text: '128m', mib: 128 },
  { text: '1g', mib: 1024 },
  { text: '1.5G', mib: 1536 },
  { text: '512MiB', mib: 512 },
  { text: '134217729', mib: 129 },
  { text: '200000k', mib: 196 },
])('$text is $mib MiB', ({ text, mib }) => {
  expect(parseMemoryMib(text)).toBe(mib);
});
