// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../../../test-results/consoles/guest');

const crash = /Kernel panic|Oops:|BUG: |general protection fault|detected stall/;

/** Makes a directory for the consoles of this run, named by this process; those of runs that have ended go. */
export async function openConsolesDir(): Promise<string> {
  const earlier = await readdir(root).catch(() => []);
  for (const name of earlier.filter((pid) => !existsSync(`/proc/${pid}`))) {
    await rm(join(root, name), { recursive: true, force: true });
  }
  const directory = join(root, String(process.pid));
  await mkdir(directory, { recursive: true });
  return directory;
}

/** Keeps a machine's console in a directory under a name. */
export async function keepConsole(path: string, directory: string, name: string): Promise<void> {
  await copyFile(path, join(directory, `${name.replaceAll(/[^\w.-]+/g, '-').slice(0, 150)}.log`));
}

/** Names of the consoles in a directory that tell of a crash of the guest's kernel. */
export async function crashedConsoles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  return names.filter((_, index) => crash.test(texts[index] ?? ''));
}
