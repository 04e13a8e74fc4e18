// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { pageOutFile } from './page-out.ts';
import { backends } from './testing/backends.ts';
import { isolationMissing, runIsolated } from './testing/isolated.ts';

const reason = isolationMissing === undefined ? '' : ` (skipped: ${isolationMissing})`;

describe.each(backends)('pageOutFile with $title', ({ missing, load, name }) => {
  test.skipIf(missing)('leaves alone what is not mapped', () => {
    expect(pageOutFile('/no/such/file', load())).toBe(0);
  });

  test.skipIf(missing || isolationMissing !== undefined)(
    `gives back the program of this process, which goes on${reason}`,
    async () => {
      const body = `const bytes = linux.pageOutFile(fs.realpathSync('/proc/self/exe'), libc);
        console.log(bytes > 10_000_000, [1, 2].map((x) => x * 2).join());`;
      // How much it is that goes is seen in a guest only: here other processes may use the same pages.
      expect(await runIsolated(name, ['--mount'], body)).toMatchObject({ exitCode: 0, stdout: 'true 2,4\n' });
    },
  );
});
