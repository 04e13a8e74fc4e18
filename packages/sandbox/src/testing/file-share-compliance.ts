// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { FileShare } from '../share/file-share.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A share under test, and the guest's side of it. */
export interface FileShareSubject extends AsyncDisposable {
  readonly share: FileShare;
  /** Reads a file below the shared directory, as the guest would; rejects when it is not there. */
  read(path: string): Promise<string>;
  /** Writes one, as the guest would; rejects when it may not. Needed where writes are tested. */
  readonly write?: (path: string, content: string) => Promise<void>;
}

/** What kinds of sharing differ in. */
export interface FileShareTraits {
  /** Why the real thing cannot be tested here; empty when it can. */
  readonly obstacle?: string;
  /** Row of the status of the host side. */
  readonly proves?: string;
  /** What is removed is gone; copies stay. */
  readonly takesAway: boolean;
  /** Why writes of the guest are not tested. Absent: they are. */
  readonly noWrites?: string;
}

const { signal } = new AbortController();

/**
 * Describes what every kind of sharing does, for one of them.
 * @param kind its name
 * @param traits in what it differs
 * @param start starts one, whose files go into a directory
 */
export function describeFileShareCompliance(
  kind: string,
  { obstacle = '', proves, takesAway, noWrites }: FileShareTraits,
  start: (directory: string) => Promise<FileShareSubject>,
): void {
  const claim = proves === undefined ? '' : ` [proves ${proves}]`;
  describe.skipIf(obstacle !== '')(`file sharing by ${kind}${obstacle}${claim}`, () => {
    async function subject() {
      const directory = await temporaryDirectory();
      const source = join(directory.path, 'source');
      await mkdir(join(source, 'inner'), { recursive: true });
      await writeFile(join(source, 'file'), 'content');
      await writeFile(join(source, 'inner/file'), 'inner content');
      await symlink('/etc/hostname', join(source, 'link'));
      await mkdir(join(directory.path, 'run'), { mode: 0o700 });
      const started = await start(join(directory.path, 'run')).catch(async (error: unknown) => {
        await directory[Symbol.asyncDispose]();
        throw error;
      });
      return {
        ...started,
        source,
        async [Symbol.asyncDispose]() {
          await started[Symbol.asyncDispose]();
          await directory[Symbol.asyncDispose]();
        },
      };
    }

    test('directories and single files are there under their names', async () => {
      await using it = await subject();
      await it.share.add(
        [
          { name: 'box/rootfs', source: it.source, readOnly: true },
          { name: 'box-one', source: join(it.source, 'file'), readOnly: false },
        ],
        signal,
      );
      await it.share.add([{ name: 'later', source: join(it.source, 'inner'), readOnly: false }], signal);
      expect(await it.read('box/rootfs/file')).toBe('content');
      expect(await it.read('box/rootfs/inner/file')).toBe('inner content');
      expect(await it.read('box-one')).toBe('content');
      expect(await it.read('later/file')).toBe('inner content');
    });

    const reason = noWrites === undefined ? '' : ` (skipped: ${noWrites})`;
    const writing = `what is read-only cannot be written, and what is not goes back to the host${reason}`;
    test.skipIf(noWrites !== undefined)(writing, async () => {
      await using it = await subject();
      if (it.write === undefined) throw new Error(`${kind}: the subject cannot write`);
      const inner = join(it.source, 'inner');
      const file = join(it.source, 'file');
      await it.share.add(
        [
          { name: 'fixed', source: it.source, readOnly: true },
          { name: 'fixed-file', source: file, readOnly: true },
        ],
        signal,
      );
      await it.share.add([{ name: 'open', source: inner, readOnly: false }], signal);
      await expect(it.write('fixed/file', 'changed')).rejects.toThrow();
      await expect(it.write('fixed-file', 'changed')).rejects.toThrow();
      await expect(it.write('new', 'beside the shares')).rejects.toThrow();
      await it.write('open/file', 'changed');
      expect(await readFile(join(inner, 'file'), 'utf8')).toBe('changed');
      expect(await readFile(join(it.source, 'file'), 'utf8')).toBe('content');
    });

    const fate = takesAway ? 'is not there any more' : 'stays as a copy';
    test(`what is removed ${fate}, and its name can be used again`, async () => {
      await using it = await subject();
      const request = { name: 'box/rootfs', source: it.source, readOnly: true };
      await it.share.add([request], signal);
      await it.share.remove(['box/rootfs', 'never-there']);
      if (takesAway) await expect(it.read('box/rootfs/file')).rejects.toThrow();
      else expect(await it.read('box/rootfs/file')).toBe('content');
      await it.share.add([{ ...request, source: join(it.source, 'inner') }], signal);
      expect(await it.read('box/rootfs/file')).toBe('inner content');
      expect(await readFile(join(it.source, 'file'), 'utf8')).toBe('content');
    });

    test('a source that is not there is share_failed, and nothing else of the request stays', async () => {
      await using it = await subject();
      const good = { name: 'good', source: it.source, readOnly: true };
      const missing = { name: 'gone', source: join(it.source, 'nowhere'), readOnly: true };
      await expect(it.share.add([good, missing], signal)).rejects.toMatchObject({ code: 'share_failed' });
      if (takesAway) await expect(it.read('good/file')).rejects.toThrow();
      await it.share.add([good], signal);
      expect(await it.read('good/file')).toBe('content');
    });

    test.for(['../out', 'a/../../out', '/out', '..', 'a/..', '.', '', 'a/b/c', 'a\0b', '.hidden', 'a//b'])(
      'the name %j is refused',
      async (name) => {
        await using it = await subject();
        await expect(
          it.share.add([{ name, source: it.source, readOnly: false }], signal),
        ).rejects.toMatchObject({ code: 'share_failed' });
      },
    );

    test('what is given up while it is added can be removed at once', async () => {
      await using it = await subject();
      const given = new AbortController();
      const request = { name: 'box/rootfs', source: it.source, readOnly: true };
      const adding = it.share.add([request], given.signal);
      given.abort();
      await Promise.all([it.share.remove(['box/rootfs']), adding.catch(() => undefined)]);
      await it.share.add([request], signal);
      expect(await it.read('box/rootfs/file')).toBe('content');
    });

    test('an abort ends the adding', async () => {
      await using it = await subject();
      const added = it.share.add([{ name: 'a', source: it.source, readOnly: true }], AbortSignal.abort());
      await expect(added).rejects.toMatchObject({ code: 'aborted' });
    });

    test('it ends when it is closed, once and for all', async () => {
      await using it = await subject();
      await it.share.add([{ name: 'a', source: it.source, readOnly: true }], signal);
      await it.share.close();
      await it.share.close();
      expect(await it.share.ended).toContain('ended');
      await it.share.remove(['a']);
      await expect(
        it.share.add([{ name: 'b', source: it.source, readOnly: true }], signal),
      ).rejects.toThrow();
    });
  });
}
