// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Templates kept; the ones that were not used for longest go first. One takes some 130 MiB. */
const maxTemplates = 4;

/** A save that takes longer than this has been given up by a process that is gone. */
const staleSaveMs = 10 * 60_000;

const unfinishedSuffix = '.saving';

/**
 * Snapshots of machines whose agent waits for its first sandbox, by the key of what they depend on. Any number of
 * processes may use one directory: a template appears whole, by renaming.
 */
export class TemplateStore {
  readonly #directory: string;

  /** @param directory where the templates are; made when the first one is saved */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Looks for a template and marks it as used.
   * @returns its directory
   */
  async find(key: string): Promise<string | undefined> {
    const directory = join(this.#directory, key);
    const now = new Date();
    return await utimes(directory, now, now).then(
      () => directory,
      () => undefined,
    );
  }

  /**
   * Adds a template, unless another process has been faster.
   * @param save writes a snapshot into a directory that does not exist yet
   */
  async add(key: string, save: (directory: string) => Promise<void>): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const unfinished = join(this.#directory, `${key}-${randomUUID()}${unfinishedSuffix}`);
    try {
      await save(unfinished);
      await rename(unfinished, join(this.#directory, key));
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      if (!(await this.#has(key))) throw error;
    }
    await this.#evict();
  }

  /** Removes a template that turned out to be of no use. */
  async drop(key: string): Promise<void> {
    await rm(join(this.#directory, key), { recursive: true, force: true });
  }

  #has(key: string): Promise<boolean> {
    return access(join(this.#directory, key)).then(
      () => true,
      () => false,
    );
  }

  async #evict(): Promise<void> {
    const found: { readonly path: string; readonly usedMs: number }[] = [];
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      const usedMs = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        // Another process has just removed it.
        () => undefined,
      );
      if (usedMs === undefined) continue;
      if (!name.endsWith(unfinishedSuffix)) found.push({ path, usedMs });
      else if (usedMs < Date.now() - staleSaveMs) await rm(path, { recursive: true, force: true });
    }
    found.sort((a, b) => b.usedMs - a.usedMs);
    for (const { path } of found.slice(maxTemplates)) await rm(path, { recursive: true, force: true });
  }
}
