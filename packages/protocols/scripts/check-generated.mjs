// SPDX-License-Identifier: Apache-2.0
// Generates into a temporary directory and fails, naming the files, when the committed code differs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const generated = 'packages/protocols/src/generated';
const scratch = mkdtempSync(join(tmpdir(), 'hako-generated-'));

/** Every file below a directory, by its relative path. */
function readTree(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [path.slice(directory.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}

try {
  const run = spawnSync('buf', ['generate', '--output', scratch], { cwd: root, stdio: 'inherit' });
  if (run.error) throw run.error;
  if (run.status !== 0) process.exitCode = 1;
  else {
    const committed = readTree(join(root, generated));
    const fresh = readTree(join(scratch, generated));
    const stale = [...new Set([...committed.keys(), ...fresh.keys()])].filter(
      (path) => committed.get(path) !== fresh.get(path),
    );
    for (const path of stale.sort()) console.error(`${generated}/${path} is not what protos/ gives`);
    if (stale.length > 0) {
      console.error('run: npm run generate -w @hako/protocols');
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
