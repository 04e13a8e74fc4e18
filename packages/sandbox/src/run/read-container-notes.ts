// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { notesFolder, type ContainerNote } from './container-notes.ts';
import { processDefaultsSchema } from './process-defaults-schema.ts';

const schema = z.object({
  id: z.string().min(1),
  command: z.array(z.string()),
  process: processDefaultsSchema,
  createdAt: z.string(),
});

/**
 * Reads the notes of a run directory, oldest first. What cannot be understood is left out.
 * @param directory the run directory
 */
export async function readContainerNotes(directory: string): Promise<readonly ContainerNote[]> {
  const folder = join(directory, notesFolder);
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json'));
  const notes = await Promise.all(files.map((name) => readNote(join(folder, name))));
  return notes
    .filter((note) => note !== undefined)
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
}

async function readNote(path: string): Promise<ContainerNote | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}
