// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises';

import type { FileShare, ShareRequest } from './file-share.ts';
import type { SharePlace } from './join-share.ts';
import { mountsDirectory, SharedDirectory } from './shared-directory.ts';

/** What serves the files of a share. */
export interface ShareBackEnd {
  /** Settles when it ends, asked or not, or was let go of; the text says what ended, and how. */
  readonly ended: Promise<string>;
  /** Ends it. Bounded; called once. */
  end(): Promise<void>;
  /** Stops watching it, and lets this process end before it does; absent when that needs nothing. */
  unref?(): void;
}

/** What a {@link NamespaceShare} is made of. */
export interface NamespaceShareParts {
  /** Run directory of the sandbox. */
  readonly directory: string;
  readonly backEnd: ShareBackEnd;
  /** The mount namespace, owned from now on. */
  readonly namespace: FileHandle;
  /** Where others find that. */
  readonly place: SharePlace;
}

/** A share whose files are bound in a mount namespace, out of which a back end serves them. */
export class NamespaceShare implements FileShare {
  readonly ended: Promise<string>;
  readonly place: SharePlace;
  readonly #backEnd: ShareBackEnd;
  readonly #namespace: FileHandle;
  readonly #shared: SharedDirectory;
  #closing: Promise<void> | undefined;

  /** @param parts what it is made of */
  constructor({ directory, backEnd, namespace, place }: NamespaceShareParts) {
    this.ended = backEnd.ended;
    this.place = place;
    this.#backEnd = backEnd;
    this.#namespace = namespace;
    this.#shared = new SharedDirectory(namespace, mountsDirectory(directory));
  }

  add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    return this.#shared.add(requests, signal);
  }

  async remove(names: readonly string[]): Promise<void> {
    if (this.#closing === undefined) await this.#shared.remove(names);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async release(): Promise<void> {
    this.#backEnd.unref?.();
    this.#closing ??= this.#namespace.close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await this.#backEnd.end();
    await this.#namespace.close();
  }
}
