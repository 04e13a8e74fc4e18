// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { identifyProcess, isAlive } from '@hako/hypervisor';

import { canAccess } from '../can-access.ts';

/** Templates kept; the ones that were not used for longest go first. One takes some 130 MiB. */
const maxTemplates = 4;

/** What is being saved bears the process that saves it: `KEY-UUID.PID-TICKS.saving`. */
const unfinishedPattern = /\.(\d+)-(\d+)\.saving$/;

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
    await this.#sweep();
    const own = await identifyProcess(process.pid);
    const saver = own === undefined ? '0-0' : `${own.pid}-${own.startTicks}`;
    const unfinished = join(this.#directory, `${key}-${randomUUID()}.${saver}.saving`);
    try {
      await save(unfinished);
      await rename(unfinished, join(this.#directory, key));
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      if (!(await canAccess(join(this.#directory, key)))) throw error;
    }
    await this.#evict();
  }

  /** Removes a template that turned out to be of no use. */
  async drop(key: string): Promise<void> {
    await rm(join(this.#directory, key), { recursive: true, force: true });
  }

  /** Removes what processes that are dead have begun to save. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const [, pid, startTicks] = unfinishedPattern.exec(name) ?? [];
      if (pid === undefined || startTicks === undefined) continue;
      if (await isAlive({ pid: Number(pid), startTicks })) continue;
      await rm(join(this.#directory, name), { recursive: true, force: true });
    }
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
      if (usedMs !== undefined && !unfinishedPattern.test(name)) found.push({ path, usedMs });
    }
    found.sort((a, b) => b.usedMs - a.usedMs);
    for (const { path } of found.slice(maxTemplates)) await rm(path, { recursive: true, force: true });
  }
}
