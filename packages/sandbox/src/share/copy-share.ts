// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';

import { guestPaths } from '@hako/protocols';

import { withDeadline } from '../deadline.ts';
import { SandboxError } from '../sandbox-error.ts';
import { ConfigVolumeWatch, volumeVersion } from './config-volume.ts';
import { copyTree, type CopyAgent } from './copy-tree.ts';
import type { FileShare, FileShareOptions, ShareRequest } from './file-share.ts';
import { checkShareName } from './share-name.ts';

/** Volumes that are kept up to date; those beyond are copied once. */
const maxWatches = 64;

/**
 * Gives the guest copies of the host's files, through its agent: for machines without a shared directory. What the guest
 * writes stays in the guest, and what the host changes later is not seen there, but for the configuration volumes of
 * Kubernetes.
 */
export class CopyShare implements FileShare {
  readonly ended: Promise<string>;
  readonly #logger: FileShareOptions['logger'];
  readonly #agent = Promise.withResolvers<CopyAgent>();
  readonly #end = Promise.withResolvers<string>();
  readonly #closing = new AbortController();
  readonly #watches = new Map<string, ConfigVolumeWatch>();

  /** @param options what hears of copies that could not be renewed */
  constructor({ logger }: Pick<FileShareOptions, 'logger'>) {
    this.#logger = logger;
    this.ended = this.#end.promise;
  }

  connect(agent: CopyAgent): void {
    this.#agent.resolve(agent);
  }

  async add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    for (const { name } of requests) checkShareName(name);
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const added: string[] = [];
    try {
      await withDeadline('copying of files', { signal: either }, async (both) => {
        const agent = await this.#agent.promise;
        for (const request of requests) {
          added.push(request.name);
          await this.#copy(request, agent, both);
        }
      });
    } catch (error) {
      await this.remove(added);
      throw error;
    }
  }

  remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#watches.get(name)?.[Symbol.dispose]();
      this.#watches.delete(name);
    }
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.remove([...this.#watches.keys()]);
    this.#closing.abort(new SandboxError('aborted', 'file sharing has ended'));
    this.#end.resolve('copying ended');
  }

  async #copy({ name, source }: ShareRequest, agent: CopyAgent, signal: AbortSignal): Promise<void> {
    const destination = `${guestPaths.sharedContainers}${name}`;
    const version = await volumeVersion(source);
    const watch = version === undefined ? undefined : this.#watch(name, { source, destination, agent });
    try {
      await stat(source);
    } catch (cause) {
      throw new SandboxError('share_failed', `${source} cannot be copied: it does not exist`, { cause });
    }
    await copyTree(source, destination, agent, signal);
    // What changed since the version was read is copied once more.
    watch?.begin(version);
  }

  #watch(
    name: string,
    volume: { readonly source: string; readonly destination: string; readonly agent: CopyAgent },
  ): ConfigVolumeWatch | undefined {
    const { source } = volume;
    if (this.#watches.size >= maxWatches) {
      this.#logger.warn({ source }, `volume is not kept up to date, ${maxWatches} are already`);
      return undefined;
    }
    const watch = new ConfigVolumeWatch({
      ...volume,
      onFailure: (error) =>
        this.#logger.warn({ source, error }, 'change of a volume did not reach the guest'),
    });
    this.#watches.set(name, watch);
    return watch;
  }
}
