// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory that changes as kubelet's atomic writer changes ConfigMaps and Secrets. */
export class ConfigVolumeFolder {
  readonly #path: string;
  #version = 0;
  #keys: readonly string[] = [];

  /** @param path an existing directory */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Puts new values into force, all at once.
   * @param keys all keys with their values
   */
  async publish(keys: Readonly<Record<string, string>>): Promise<void> {
    const earlier = (await readdir(this.#path)).filter((name) => name.startsWith('..2'));
    this.#version += 1;
    const version = `..2026_01_01_00_00_00.${this.#version}`;
    await mkdir(join(this.#path, version));
    for (const [key, value] of Object.entries(keys)) await writeFile(join(this.#path, version, key), value);
    await symlink(version, join(this.#path, '..data_tmp'));
    await rename(join(this.#path, '..data_tmp'), join(this.#path, '..data'));
    for (const key of Object.keys(keys))
      if (!this.#keys.includes(key)) await symlink(`..data/${key}`, join(this.#path, key));
    for (const key of this.#keys) if (!(key in keys)) await rm(join(this.#path, key));
    this.#keys = Object.keys(keys);
    for (const name of earlier) await rm(join(this.#path, name), { recursive: true });
  }
}
