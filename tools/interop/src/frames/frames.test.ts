// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingOf, programOf, serversOf } from '../matrix.ts';
import { buildPrograms } from '../programs/build-program.ts';
import { ServerProcess } from '../server-process.ts';
import { frameCases } from './frame-cases.ts';
import { RawConnection } from './raw-connection.ts';

for (const end of serversOf(await buildPrograms())) {
  const missing = missingOf(end);
  const skipped = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')})`;

  describe(`bare frames to ${end.title} server`, () => {
    let folder: string;
    let server: ServerProcess | undefined;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'hako-frames-'));
      if (missing.length === 0) server = await ServerProcess.start(programOf(end), join(folder, 'socket'));
    });

    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    for (const { name, run, expected, known, fatal } of frameCases) {
      const reason = fatal?.[end.implementation];
      const excused = reason === undefined ? skipped : ` (skipped: ${reason})`;
      test.skipIf(excused !== '')(`${name}${excused}`, async () => {
        await using connection = await RawConnection.open(join(folder, 'socket'));
        const difference = known?.[end.implementation];
        if (difference === undefined) {
          expect(await run(connection)).toEqual(expected);
        } else {
          expect(difference.seen).not.toEqual(expected);
          expect(await run(connection), `no longer known: ${difference.reason}`).toEqual(difference.seen);
        }
      });
    }
  });
}
