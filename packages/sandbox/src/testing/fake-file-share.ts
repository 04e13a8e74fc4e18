// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';

import { SandboxError } from '../sandbox-error.ts';
import type { FileShare, ShareRequest } from '../share/file-share.ts';
import { checkShareName } from '../share/share-name.ts';

/** A step of a fake share's life. */
export type FakeShareStep = 'share.add' | 'share.remove' | 'share.close';

/** What a {@link FakeFileShare} works with. */
export interface FakeFileShareOptions {
  /** Where it notes what is shared; default: a map of its own. */
  readonly requests?: Map<string, ShareRequest>;
  /** Called at each step; a rejection is the step's failure. */
  readonly before?: (step: FakeShareStep) => Promise<void> | void;
}

/** A share that notes what is shared and gives it to nobody. */
export class FakeFileShare implements FileShare {
  /** What is shared at present, by name. */
  readonly requests: Map<string, ShareRequest>;
  readonly place = { namespaceFd: 0, namespace: 'mnt:[0]' };
  readonly ended: Promise<string>;
  readonly #end = Promise.withResolvers<string>();
  readonly #before: NonNullable<FakeFileShareOptions['before']>;
  #isClosed = false;

  constructor({ requests = new Map(), before = () => undefined }: FakeFileShareOptions = {}) {
    this.requests = requests;
    this.#before = before;
    this.ended = this.#end.promise;
  }

  async add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    await this.#before('share.add');
    if (signal.aborted) throw new SandboxError('aborted', 'aborted', { cause: signal.reason });
    if (this.#isClosed) throw new SandboxError('share_failed', 'file sharing has ended');
    for (const { name, source } of requests) {
      checkShareName(name);
      await stat(source).catch((cause: unknown) => {
        throw new SandboxError('share_failed', `${source} cannot be shared`, { cause });
      });
    }
    for (const request of requests) this.requests.set(request.name, request);
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.#before('share.remove');
    for (const name of names) this.requests.delete(name);
  }

  async close(): Promise<void> {
    await this.#before('share.close');
    this.crash('ended');
  }

  /** Ends by itself. */
  crash(how: string): void {
    this.#isClosed = true;
    this.requests.clear();
    this.#end.resolve(how);
  }
}
