// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { prepareGuestFiles } from '../guest/guest-files.ts';
import { makeGuestTemplate } from '../guest/guest-template.ts';
import { crashedConsoles, openConsolesDir } from '../guest/kept-consoles.ts';

const setUpScript = resolve(import.meta.dirname, '../../../setup/setup.mjs');

const directoryPrefix = 'hako-grid-';

/** A run that was killed leaves its directory, with a snapshot in it. */
async function removeStale(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${directoryPrefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Whoever works on tests alone need not build the guest image anew. */
const keepsImage = (process.env['HAKO_KEEP_GUEST_IMAGE'] ?? '') !== '';

async function setUpMachine(): Promise<void> {
  if (keepsImage) return;
  await promisify(execFile)(process.execPath, [setUpScript]).catch((error: unknown) => {
    const text: unknown = error instanceof Error && 'stderr' in error ? error.stderr : error;
    throw new Error(String(text).trim());
  });
}

/**
 * Before the first test in a guest: makes sure that the guest image is that of the sources, boots a machine and saves it
 * for the tests to start from. After the last: looks for crashes in what the guests' kernels have said.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await setUpMachine();
  await removeStale();
  const directory = await mkdtemp(join(tmpdir(), `${directoryPrefix}${process.pid}-`));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const consolesDir = await openConsolesDir();
    const template = await makeGuestTemplate(await prepareGuestFiles(directory), consolesDir);
    project.provide('guestTemplate', template);
    return async () => {
      await remove();
      const crashed = await crashedConsoles(consolesDir);
      if (crashed.length > 0)
        throw new Error(`kernels of guests have crashed, see ${consolesDir}: ${crashed.join(', ')}`);
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
