// SPDX-License-Identifier: Apache-2.0
import { guestPaths } from '@hako/protocols';
import type { CopyFileRequest, DeepPartial } from '@hako/protocols/agent';

import type { CopyAgent } from '../share/copy-tree.ts';

/** A file in a guest that takes copies. */
export interface CopiedFile {
  readonly kind: 'directory' | 'file' | 'link';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file its content, of a link where it leads. */
  readonly content: string;
}

const typeBits = 0o170000;
const kinds: Readonly<Record<number, CopiedFile['kind']>> = {
  0o040000: 'directory',
  0o100000: 'file',
  0o120000: 'link',
};

/** The files of a guest, filled by CopyFile alone. A file's owner becomes that of its directory too, as agents have it. */
export class CopiedFiles implements CopyAgent {
  /** By their path below the shared directory. */
  readonly files = new Map<string, CopiedFile>();
  /** Paths in the order in which they were written. */
  readonly order: string[] = [];
  /** Called before each request; a rejection is the answer. */
  before: (path: string) => Promise<void> | void = () => undefined;

  async copyFile(request: DeepPartial<CopyFileRequest>): Promise<void> {
    const path = (request.path ?? '').slice(guestPaths.sharedContainers.length);
    await this.before(path);
    const { fileMode = 0, uid = 0, gid = 0, data = new Uint8Array() } = request;
    const kind = kinds[fileMode & typeBits];
    if (kind === undefined) throw new Error(`mode ${fileMode.toString(8)} is refused`);
    const text = Buffer.from(data).toString();
    const earlier =
      request.offset === 0n || request.offset === undefined ? '' : this.files.get(path)?.content;
    this.files.set(path, { kind, mode: fileMode & 0o7777, uid, gid, content: `${earlier ?? ''}${text}` });
    this.order.push(path);
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const directory = this.files.get(parent);
    if (directory !== undefined) this.files.set(parent, { ...directory, uid, gid });
  }

  /** Reads a file, by way of links. */
  read(path: string): string {
    const file = this.files.get(path);
    if (file?.kind === 'file') return file.content;
    for (const [link, { kind, content }] of this.files) {
      if (kind !== 'link' || !(path === link || path.startsWith(`${link}/`))) continue;
      const directory = link.slice(0, link.lastIndexOf('/') + 1);
      return this.read(`${directory}${content}${path.slice(link.length)}`);
    }
    throw new Error(`${path} is not in the guest`);
  }
}
