// SPDX-License-Identifier: Apache-2.0
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ProcessDefaults } from '../container/exec-process.ts';
import { canAccess } from '../can-access.ts';
import { replaceFile } from '../replace-file.ts';

/** What other processes can know of a container: of the owner's, and of those that came with other processes. */
export interface ContainerNote {
  readonly id: string;
  readonly command: readonly string[];
  /** What further programs in it start from. The environment may hold secrets: the directory is its owner's alone. */
  readonly process: ProcessDefaults;
  /** When it was created, ISO 8601. */
  readonly createdAt: string;
  /** How its program ended, once it has; the container is still there then. */
  readonly exitCode?: number;
  /** Frozen, by whichever process. */
  readonly paused?: true;
}

/** Where they are in a run directory. */
export const notesFolder = 'containers';

/** The containers of a sandbox, a file each in its run directory, so that several processes can write. */
export class ContainerNotes {
  readonly #runDirectory: string;

  /**
   * @param runDirectory that of the sandbox
   */
  constructor(runDirectory: string) {
    this.#runDirectory = runDirectory;
  }

  /** Writes one down; a reader sees it whole or not at all. */
  async add(note: Omit<ContainerNote, 'createdAt' | 'paused'>): Promise<void> {
    await mkdir(join(this.#runDirectory, notesFolder), { recursive: true, mode: 0o700 });
    await replaceFile(
      this.#pathOf(note.id),
      JSON.stringify({ ...note, createdAt: new Date().toISOString() }),
    );
  }

  /** Adds to the note of one how its program ended. Never rejects: it may have been removed meanwhile. */
  async noteEnd(id: string, exitCode: number): Promise<void> {
    await this.notePaused(id, false);
    const { readContainerNote } = await import('./read-container-notes.ts');
    const note = await readContainerNote(this.#runDirectory, id);
    if (note === undefined) return;
    await replaceFile(this.#pathOf(id), JSON.stringify({ ...note, exitCode })).catch(() => undefined);
  }

  /** Notes that one is frozen, or is not any more. Never rejects: it may have been removed meanwhile. */
  async notePaused(id: string, isPaused: boolean): Promise<void> {
    const mark = markOf(this.#runDirectory, id);
    await (isPaused ? writeFile(mark, '', { mode: 0o600 }) : rm(mark, { force: true })).catch(
      () => undefined,
    );
  }

  /** Forgets one; it need not be there. */
  async remove(id: string): Promise<void> {
    await this.notePaused(id, false);
    await rm(this.#pathOf(id), { force: true });
  }

  #pathOf(id: string): string {
    return join(this.#runDirectory, notesFolder, `${id}.json`);
  }
}

/**
 * Tells whether a container is frozen.
 * @param runDirectory that of the sandbox
 * @param id the container
 */
export function isPaused(runDirectory: string, id: string): Promise<boolean> {
  return canAccess(markOf(runDirectory, id));
}

/** Is there while a container is frozen. Apart from the note: any process may freeze, and none writes what others write. */
function markOf(runDirectory: string, id: string): string {
  return join(runDirectory, notesFolder, `${id}.paused`);
}

/**
 * Lists the containers of a sandbox, oldest first, whichever process made them.
 * @param sandbox one that is listed
 */
export async function listContainers(sandbox: {
  readonly directory: string;
}): Promise<readonly ContainerNote[]> {
  const { readContainerNotes } = await import('./read-container-notes.ts');
  return readContainerNotes(sandbox.directory);
}
