// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where Debian's package has it. */
export const fioPath = '/usr/bin/fio';

/** Why fio cannot be run here; undefined if it can. */
export async function whyNoFio(): Promise<string | undefined> {
  return access(fioPath).then(
    () => undefined,
    () => `${fioPath} is missing: install Debian's package fio`,
  );
}

/** Makes a root directory that holds the fio of this machine, the libraries it needs, and BusyBox. */
export async function makeFioImage(directory: string): Promise<void> {
  const { stdout } = await run('ldd', [fioPath]);
  const libraries = [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
  for (const path of [fioPath, ...libraries, '/bin/busybox']) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(path, target);
  }
  for (const name of ['data', 'dev', 'proc', 'sys', 'tmp']) await mkdir(join(directory, name));
}
