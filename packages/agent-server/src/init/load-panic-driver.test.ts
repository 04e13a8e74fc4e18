// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { loadPanicDriver } from './load-panic-driver.ts';

const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

test.each([
  { what: 'a machine that hears of panics', path: '/', loaded: [['-q', 'pvpanic-mmio']] },
  { what: 'any other machine', path: '/nonexistent', loaded: [] },
])('$what makes the guest load $loaded', async ({ path, loaded }) => {
  const ran: unknown[] = [];
  await loadPanicDriver(
    (program) => {
      ran.push(program.args);
      return Promise.resolve({ exitCode: 0, signal: null, stdout: '', stderr: '', timedOut: false });
    },
    logger,
    path,
  );
  expect(ran).toEqual(loaded);
});
