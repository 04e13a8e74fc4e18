// SPDX-License-Identifier: Apache-2.0
// Compares the protos with those of the last release, protos/baseline.binpb, and fails when an older peer would break.
// With --update the protos become the baseline: part of making a release. That, too, fails when an older peer would break.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    /** Where buf.yaml and protos/ lie. Default: this repository. */
    root: { type: 'string', default: resolve(import.meta.dirname, '../../..') },
  },
});
const baseline = 'protos/baseline.binpb';
const bufProgram = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');

/** Runs buf; returns whether it is content. */
function buf(...args) {
  const run = spawnSync(process.execPath, [bufProgram, ...args], { cwd: values.root, stdio: 'inherit' });
  if (run.error) throw run.error;
  return run.status === 0;
}

if (!buf('breaking', '--against', baseline)) {
  console.error('older peers would break; add fields, messages and methods instead of changing them');
  process.exitCode = 1;
} else if (values.update && !buf('build', '--exclude-source-info', '-o', baseline)) {
  process.exitCode = 1;
}
