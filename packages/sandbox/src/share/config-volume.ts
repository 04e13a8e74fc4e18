// SPDX-License-Identifier: Apache-2.0
import { watch, type FSWatcher } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { copyTree, type CopyAgent } from './copy-tree.ts';

/** Names the version in force; kubelet replaces this link at once. */
const dataLink = '..data';
/** A version: what kubelet's atomic writer calls the directory. */
const versionPattern = /^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+$/;
/** Changes within this time are one. */
const debounceMs = 100;

/**
 * The version of a configuration volume of Kubernetes (ConfigMap, Secret, projected, downward API) that is in force, or
 * undefined if a directory is no such volume.
 * @param directory the volume
 */
export async function volumeVersion(directory: string): Promise<string | undefined> {
  const target = await readlink(join(directory, dataLink)).catch(() => undefined);
  return target !== undefined && versionPattern.test(target) ? target : undefined;
}

/** What is kept up to date. */
export interface ConfigVolume {
  /** The volume on the host. */
  readonly source: string;
  /** Its copy in the guest. */
  readonly destination: string;
  readonly agent: CopyAgent;
  /** Told of a change that could not be copied. The next change is tried again. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Copies each new version of a configuration volume into the guest, in the order in which a reader always sees a whole one:
 * the version, the link to it, then links of new keys. Keys and versions that go stay in the guest, as upstream has it.
 */
export class ConfigVolumeWatch implements Disposable {
  readonly #volume: ConfigVolume;
  readonly #watcher: FSWatcher;
  readonly #end = new AbortController();
  #version: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;
  #isDue = false;

  /** Watches from now on; copies nothing before {@link ConfigVolumeWatch.begin}. */
  constructor(volume: ConfigVolume) {
    this.#volume = volume;
    this.#watcher = watch(volume.source, { persistent: false }, () => this.#schedule());
    // The volume is gone: what was copied of it stays.
    this.#watcher.on('error', () => this.#watcher.close());
  }

  /**
   * Says what has been copied already.
   * @param version the version that was in force before the copying
   */
  begin(version: string | undefined): void {
    this.#version = version;
    this.#schedule();
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    clearTimeout(this.#timer);
    this.#end.abort();
  }

  #schedule(): void {
    if (this.#version === undefined || this.#end.signal.aborted) return;
    if (this.#renewing) this.#isDue = true;
    else this.#timer ??= setTimeout(() => void this.#renew(), debounceMs).unref();
  }

  async #renew(): Promise<void> {
    this.#timer = undefined;
    this.#renewing = true;
    this.#isDue = false;
    try {
      await this.#copyNewVersion();
    } catch (error) {
      if (!this.#end.signal.aborted) this.#volume.onFailure(error);
    }
    this.#endRenewal();
  }

  #endRenewal(): void {
    this.#renewing = false;
    if (this.#isDue) this.#schedule();
  }

  async #copyNewVersion(): Promise<void> {
    const { source } = this.#volume;
    const version = await volumeVersion(source);
    if (version === undefined || version === this.#version) return;
    await this.#copy(version);
    // A newer one that has come meanwhile is next: the guest is not led to what it has not got.
    if ((await volumeVersion(source)) !== version) return;
    await this.#copy(dataLink);
    for (const entry of await readdir(source, { withFileTypes: true }))
      if (entry.isSymbolicLink() && entry.name !== dataLink) await this.#copy(entry.name);
    this.#version = version;
  }

  #copy(name: string): Promise<void> {
    const { source, destination, agent } = this.#volume;
    return copyTree(join(source, name), join(destination, name), agent, this.#end.signal);
  }
}
