// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isPaused, notesFolder, type ContainerNote } from './container-notes.ts';
import { isProcessDefaults } from './is-process-defaults.ts';
import { isListOf, isObject, isText } from './value-shape.ts';

/**
 * Reads the notes of a run directory, oldest first. What cannot be understood is left out.
 * @param directory the run directory
 */
export async function readContainerNotes(directory: string): Promise<readonly ContainerNote[]> {
  const folder = join(directory, notesFolder);
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json'));
  const notes = await Promise.all(
    files.map((name) => readContainerNote(directory, name.slice(0, -'.json'.length))),
  );
  return notes
    .filter((note) => note !== undefined)
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
}

/**
 * Reads the note of one container; `undefined` when there is none or it cannot be understood.
 * @param directory the run directory
 * @param id the container
 */
export async function readContainerNote(directory: string, id: string): Promise<ContainerNote | undefined> {
  const note = await readNote(join(directory, notesFolder, `${id}.json`));
  if (note === undefined || note.exitCode !== undefined) return note;
  return (await isPaused(directory, id)) ? { ...note, paused: true } : note;
}

async function readNote(path: string): Promise<ContainerNote | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isNote(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isNote(value: unknown): value is ContainerNote {
  if (!isObject(value)) return false;
  const { id, command, process, createdAt, exitCode } = value;
  return (
    typeof id === 'string' &&
    id !== '' &&
    isListOf(command, isText) &&
    isProcessDefaults(process) &&
    typeof createdAt === 'string' &&
    (exitCode === undefined || typeof exitCode === 'number')
  );
}
