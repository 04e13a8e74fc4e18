// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

/** One entry of a file tree; `path` is relative, without a leading slash, in normal form. Owner is always root. */
export type FileTreeEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'symlink'; readonly path: string; readonly mode: number; readonly target: string };

/** A complete tree: every parent directory is an entry that stands before its children. */
export type FileTree = readonly FileTreeEntry[];

/** Collects entries in any order and hands out a sorted tree with all parent directories. */
export class FileTreeBuilder {
  readonly #entries = new Map<string, FileTreeEntry>();

  /** Adds a directory; a directory that is there already takes the new mode. */
  directory(path: string, mode = 0o755): this {
    return this.#add({ kind: 'directory', path, mode });
  }

  /** Adds a regular file. Throws a `RangeError` if the path is taken by different content. */
  file(path: string, content: Buffer, mode = 0o644): this {
    return this.#add({ kind: 'file', path, mode, content });
  }

  /** Adds a symbolic link; `target` is kept as it is. */
  symlink(path: string, target: string): this {
    return this.#add({ kind: 'symlink', path, mode: 0o777, target });
  }

  /** The tree so far, in byte order of the paths. */
  build(): FileTree {
    for (const path of [...this.#entries.keys()]) this.#addParents(path);
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #add(entry: FileTreeEntry): this {
    if (
      entry.path !== posix.normalize(entry.path) ||
      entry.path.startsWith('/') ||
      entry.path.startsWith('..')
    ) {
      throw new RangeError(`path of a tree entry is not relative and normal: ${entry.path}`);
    }
    const present = this.#entries.get(entry.path);
    if (
      present !== undefined &&
      present.kind !== 'directory' &&
      fingerprint(present) !== fingerprint(entry)
    ) {
      throw new RangeError(`tree entry exists with other content: ${entry.path}`);
    }
    this.#entries.set(entry.path, entry);
    return this;
  }

  #addParents(path: string): void {
    const parent = posix.dirname(path);
    if (parent === '.' || this.#entries.has(parent)) return;
    this.#entries.set(parent, { kind: 'directory', path: parent, mode: 0o755 });
    this.#addParents(parent);
  }
}

/** Digest over names, kinds, modes and contents of a tree: equal digests mean equal images. */
export function digestFileTree(tree: FileTree): string {
  const hash = createHash('sha256');
  for (const entry of tree) hash.update(`${fingerprint(entry)}\n`);
  return hash.digest('hex');
}

/** Writes a tree below a directory that exists and is empty; the umask has no say, owners and times are the caller's. */
export async function writeFileTree(tree: FileTree, directory: string): Promise<void> {
  for (const entry of tree) {
    const path = join(directory, entry.path);
    switch (entry.kind) {
      case 'directory':
        await mkdir(path);
        await chmod(path, entry.mode);
        break;
      case 'symlink':
        await symlink(entry.target, path);
        break;
      case 'file':
        await writeFile(path, entry.content, { flag: 'wx' });
        await chmod(path, entry.mode);
        break;
    }
  }
}

function fingerprint(entry: FileTreeEntry): string {
  const head = `${entry.kind} ${entry.mode.toString(8)} ${JSON.stringify(entry.path)}`;
  switch (entry.kind) {
    case 'directory':
      return head;
    case 'symlink':
      return `${head} ${JSON.stringify(entry.target)}`;
    case 'file':
      return `${head} ${createHash('sha256').update(entry.content).digest('hex')}`;
  }
}
