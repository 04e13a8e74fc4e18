// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const rule = '@nx/enforce-module-boundaries';

/** Lints one line as if it stood in a package, with the workspace's own rules, and returns the boundary errors. */
async function boundaryErrors(packageName: string, imported: string): Promise<string[]> {
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      languageOptions: {
        parserOptions: { projectService: { allowDefaultProject: [`packages/*/src/boundary-probe.ts`] } },
      },
    },
  });
  const [result] = await eslint.lintText(`import { probe } from '${imported}';\nvoid probe;\n`, {
    filePath: resolve(root, `packages/${packageName}/src/boundary-probe.ts`),
  });
  return (result?.messages ?? []).filter(({ ruleId }) => ruleId === rule).map(({ message }) => message);
}

describe('module boundaries', () => {
  beforeAll(() => {
    // The rule reads nx's cached project graph; without one it would silently pass everything.
    execFileSync(resolve(root, 'node_modules/.bin/nx'), ['show', 'projects'], {
      cwd: root,
      env: { ...process.env, NX_DAEMON: 'false' },
    });
  }, 300_000);

  test.each([
    { from: 'sandbox', to: '@hako/agent-server', why: 'the host may not import the guest' },
    { from: 'agent-server', to: '@hako/sandbox', why: 'the guest may not import the host' },
    { from: 'agent-server', to: '@hako/agent-client', why: 'the guest may not import its client' },
    { from: 'ttrpc', to: '@hako/agent-client', why: 'a shared package may not import the host' },
    { from: 'ttrpc', to: '@hako/linux', why: 'a shared package may not import the guest' },
    { from: 'hypervisor', to: '@hako/hypervisor-qemu', why: 'the contract may not import a driver' },
    { from: 'sandbox', to: '@hako/cli', why: 'the library may not import the program' },
    { from: 'protocols', to: '@hako/sandbox', why: 'a leaf may not import a core package' },
  ])(
    'an import of $to in $from is an error: $why',
    async ({ from, to }) => {
      expect(await boundaryErrors(from, to)).not.toEqual([]);
    },
    300_000,
  );

  test.each([
    { from: 'sandbox', to: '@hako/hypervisor' },
    { from: 'sandbox', to: '@hako/ttrpc' },
    { from: 'agent-server', to: '@hako/linux' },
    { from: 'cli', to: '@hako/sandbox' },
  ])(
    'an import of $to in $from is allowed',
    async ({ from, to }) => {
      expect(await boundaryErrors(from, to)).toEqual([]);
    },
    300_000,
  );
});
