// SPDX-License-Identifier: Apache-2.0
import { globSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const directories = globSync('{packages,tools}/*/package.json', { cwd: root }).map(dirname).toSorted();

/** The workspace's packages that sources import, as they stand or when they are needed. */
function importedBy(directory: string, isWanted: (file: string) => boolean): readonly string[] {
  const files = globSync('src/**/*.ts', { cwd: resolve(root, directory) }).filter(isWanted);
  const names = files.flatMap((file) => {
    const text = readFileSync(resolve(root, directory, file), 'utf8');
    const found = text.matchAll(/^(?:import|export|\}).* from '(@hako\/[\w-]+)|import\('(@hako\/[\w-]+)/gm);
    return [...found].map(([, one, other]) => one ?? other ?? '');
  });
  return [...new Set(names)];
}

const isTest = (file: string): boolean => /\.test\.ts$/.test(file);

test.each(directories)('%s names the packages of the workspace that it imports', (directory) => {
  const text = readFileSync(resolve(root, directory, 'package.json'), 'utf8');
  const { name, dependencies = {}, devDependencies = {} } = JSON.parse(text) as Manifest;
  const own = (one: string): boolean => one === name;
  const unnamed = (imported: readonly string[], named: object): readonly string[] =>
    imported.filter((one) => !own(one) && !Object.hasOwn(named, one));
  expect(
    unnamed(
      importedBy(directory, (file) => !isTest(file)),
      dependencies,
    ),
  ).toEqual([]);
  expect(unnamed(importedBy(directory, isTest), { ...dependencies, ...devDependencies })).toEqual([]);
});
