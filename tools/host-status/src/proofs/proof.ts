// SPDX-License-Identifier: Apache-2.0
import type { PassedTest } from '@hako/agent-grid/report';
import { z } from 'zod';

/**
 * Against what a test ran.
 *
 * - `fake`: fakes of what lies beyond the code under test, or this machine alone
 * - `pair`: the host's code and a real agent, joined by a pair of sockets
 * - `guest`: a real virtual machine
 */
export type Ground = 'fake' | 'pair' | 'guest';

/** A test that passed and says what it proves. */
export interface Proof {
  /** Name of a row. */
  readonly row: string;
  readonly ground: Ground;
  /** Path of the test's file from the root of the workspace. */
  readonly file: string;
  /** Without the part that says what it proves. */
  readonly title: string;
}

/** `… [proves KataAgent.check, vm.stop]`, in the title of a test or of a group around it. */
const claim = /\s*\[proves ([^\]]+)\]/g;

/** What a test has noted while it ran. */
const notesSchema = z.object({ proves: z.array(z.string()).optional() }).optional();

/** Host and guest in one process: the tests that join both halves. */
const pairFolder = 'tools/host-and-guest/';

function groundOf(file: string): Ground {
  if (/\.(?:vm|guest)\.test\.ts$/.test(file)) return 'guest';
  return file.startsWith(pairFolder) ? 'pair' : 'fake';
}

/** What tests prove, by their titles and by what they have noted. */
export function proofsOf(tests: readonly PassedTest[], workspaceRoot: string): readonly Proof[] {
  return tests.flatMap(({ file: path, title: whole, meta }) => {
    const file = path.startsWith(`${workspaceRoot}/`) ? path.slice(workspaceRoot.length + 1) : path;
    const title = whole.replaceAll(claim, '');
    const claimed = [...whole.matchAll(claim)].flatMap(([, names = '']) => names.split(/,\s*/));
    const rows = [...claimed, ...(notesSchema.parse(meta)?.proves ?? [])];
    return [...new Set(rows)].map((row) => ({ row, ground: groundOf(file), file, title }));
  });
}
