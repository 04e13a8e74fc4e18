// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { ownNodePath, workspaceRoot } from './locations.mjs';

/**
 * What has to hold besides the tests, each a command of the work tree.
 *
 * @type {readonly { name: string, command: readonly string[] }[]}
 */
export const checks = [
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types', command: ['node', 'node_modules/typescript-7/bin/tsc', '-b'] },
  // The lint rule for boundaries reads the graph that Nx has cached, and is silent without one.
  { name: 'project graph', command: ['nx', 'graph', '--file=node_modules/.cache/hako/graph.json'] },
  { name: 'lint', command: ['eslint', '--max-warnings', '0', 'packages', 'tools'] },
  { name: 'generated code', command: ['node', 'packages/protocols/scripts/check-generated.mjs'] },
  { name: 'compatible protocol', command: ['node', 'packages/protocols/scripts/check-breaking.mjs'] },
];

/** Environment in which the project's own Node and the programs of its packages come first. */
export function toolEnvironment() {
  const folders = [dirname(ownNodePath), join(workspaceRoot, 'node_modules/.bin'), process.env.PATH ?? ''];
  return { ...process.env, PATH: folders.join(delimiter), NX_DAEMON: 'false' };
}

/**
 * Runs a command in the work tree with our own output and no input.
 *
 * @param {readonly string[]} command
 * @returns {Promise<number>} - Its exit code, 1 when a signal ended it.
 */
export function runVisibly(command) {
  const [program = '', ...words] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd: workspaceRoot,
      env: toolEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Runs all checks, whatever fails, and returns the names of those that failed. */
export async function runChecks() {
  const failed = [];
  for (const { name, command } of checks) {
    process.stderr.write(`check: ${name}\n`);
    if ((await runVisibly(command)) !== 0) failed.push(name);
  }
  return failed;
}
