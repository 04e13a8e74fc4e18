// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { isProcessDefaults } from './is-process-defaults.ts';

const limit = { type: 'RLIMIT_NOFILE', soft: '10', hard: '18446744073709551615' };
const whole = {
  env: ['A=b'],
  cwd: '/',
  user: { uid: 0, gid: 5, additionalGids: [7] },
  rlimits: [limit],
  noNewPrivileges: true,
};

test.for([whole, { env: [], cwd: '', user: { uid: 0, gid: 0 } }])('understood: %j', (value) => {
  expect(isProcessDefaults(JSON.parse(JSON.stringify(value)))).toBe(true);
});

test.for<unknown>([
  undefined,
  null,
  'text',
  { ...whole, env: undefined },
  { ...whole, env: [1] },
  { ...whole, cwd: 1 },
  { ...whole, user: undefined },
  { ...whole, user: { uid: '0', gid: 0 } },
  { ...whole, user: { uid: 0, gid: 0.5 } },
  { ...whole, user: { uid: 0, gid: 0, additionalGids: ['7'] } },
  { ...whole, rlimits: limit },
  { ...whole, rlimits: [{ ...limit, soft: 10 }] },
  { ...whole, rlimits: [{ ...limit, hard: 'all' }] },
  { ...whole, rlimits: [{ soft: '1', hard: '1' }] },
  { ...whole, rlimits: [null] },
  { ...whole, noNewPrivileges: 'yes' },
])('not understood: %j', (value) => {
  expect(isProcessDefaults(value)).toBe(false);
});
