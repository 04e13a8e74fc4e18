// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Libc } from './ffi/libc.ts';
import { openInRoot } from './open-beneath.ts';
import { openRoot, type OpenRootOptions } from './root-directory.ts';
import { backends } from './testing/backends.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

/** `outside/` with a file, and beside it `root/` with links that try to lead there. */
function trap(libc: Libc, options: OpenRootOptions = {}) {
  const directory = temporaryDirectory();
  const outside = join(directory.path, 'outside');
  const path = join(directory.path, 'root');
  mkdirSync(outside);
  mkdirSync(path);
  writeFileSync(join(outside, 'secret'), 'untouched');
  symlinkSync('../outside', join(path, 'relative'));
  symlinkSync(outside, join(path, 'absolute'));
  symlinkSync('../outside/secret', join(path, 'file'));
  const root = openRoot(path, options, libc);
  return {
    root,
    path,
    outside,
    [Symbol.dispose]() {
      root.close();
      directory[Symbol.dispose]();
    },
  };
}

const create = constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC;
const asRoot = process.getuid?.() === 0;

describe.each(backends)('a root directory through $title', ({ missing, load }) => {
  test
    .skipIf(missing)
    .each(['relative/x', 'absolute/x', '../outside/x', '/etc/x', 'file', 'sub/../../outside/x'])(
    'no call leads out of it: %s',
    (path) => {
      using world = trap(load());
      mkdirSync(join(world.path, 'sub'));
      const { root } = world;
      const leavers: Record<string, () => unknown> = {
        open: () => root.open(path, { flags: create, mode: 0o644 }),
        ...(path !== 'file' && {
          makeDirectory: () => root.makeDirectory(path, 0o755),
          makeDirectories: () => root.makeDirectories(path, 0o755),
          createSymlink: () => root.createSymlink('t', path),
          rename: () => root.rename('sub', path),
          unlink: () => root.unlink(path),
          remove: () => root.remove(path),
          changeOwner: () => root.changeOwner(path, 1, 1),
          changeMode: () => root.changeMode(path, 0o777),
          status: () => root.status(path),
        }),
      };
      for (const [call, leave] of Object.entries(leavers)) {
        expect(leave, call).toThrow(expect.objectContaining({ code: 'EXDEV' }));
      }
      expect(readdirSync(world.outside)).toEqual(['secret']);
      expect(readFileSync(join(world.outside, 'secret'), 'utf8')).toBe('untouched');
    },
  );

  test.skipIf(missing)('in the mode in-root the same links are clamped to the root', () => {
    const libc = load();
    using world = trap(libc, { resolve: 'in-root' });
    world.root.makeDirectories('/outside/deep', 0o755);
    closeSync(world.root.open('relative/deep/../../../../outside/file', { flags: create, mode: 0o600 }));
    expect(existsSync(join(world.path, 'outside/file'))).toBe(true);
    closeSync(openInRoot(world.path, '/relative/file', { flags: constants.O_RDONLY }, libc));
    expect(() => openInRoot(world.path, 'relative/file', { flags: 0, resolve: 'beneath' }, libc)).toThrow(
      expect.objectContaining({ code: 'EXDEV' }),
    );
    expect(readdirSync(world.outside)).toEqual(['secret']);
  });

  test.skipIf(missing)('magic links of /proc are refused', () => {
    const open = () => openInRoot('/proc', 'self/root/etc/passwd', { flags: constants.O_RDONLY }, load());
    expect(open).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  });

  test.skipIf(missing)('a file is written, renamed over another and removed', () => {
    using world = trap(load());
    const { root } = world;
    root.makeDirectories('a/b/c', 0o750);
    root.makeDirectories('a/b/c', 0o750);
    const fd = root.open('a/b/c/new.tmp', { flags: create, mode: 0o640 });
    writeSync(fd, 'content');
    closeSync(fd);
    root.createSymlink('anywhere', 'a/target');
    root.rename('a/b/c/new.tmp', 'a/target');
    expect(root.status('a/target')).toMatchObject({ kind: 'file', mode: 0o640, sizeBytes: 7n });
    expect(statSync(join(world.path, 'a/b')).mode & 0o777).toBe(0o750);
    root.unlink('a/target');
    expect(root.status('a/target')).toBeUndefined();
  });

  test.skipIf(missing)('links are made, looked at and removed, but never followed at the end', () => {
    using world = trap(load());
    const { root } = world;
    root.createSymlink(Buffer.from([0x2f, 0xff]), 'bytes');
    expect(readlinkSync(join(world.path, 'bytes'), 'buffer')).toEqual(Buffer.from([0x2f, 0xff]));
    expect(root.status('file')?.kind).toBe('symlink');
    expect(() => root.changeMode('file', 0o777)).toThrow(expect.objectContaining({ code: 'ELOOP' }));
    root.remove('absolute');
    root.remove('relative');
    expect(readFileSync(join(world.outside, 'secret'), 'utf8')).toBe('untouched');
  });

  test.skipIf(missing || !asRoot)(`owner and mode change${asRoot ? '' : ' (skipped: needs root)'}`, () => {
    using world = trap(load());
    const { root } = world;
    root.makeDirectory('d', 0o700);
    root.changeOwner('d', 4_000_000_000, 12);
    root.changeMode('d', 0o2751);
    expect(root.status('d')).toMatchObject({ kind: 'directory', uid: 4_000_000_000, gid: 12, mode: 0o2751 });
    root.changeOwner('d', -1, 13);
    expect(root.status('d')).toMatchObject({ uid: 4_000_000_000, gid: 13 });
    root.changeOwner('file', 1, 1);
    expect(root.status('file')).toMatchObject({ uid: 1, gid: 1 });
    expect(statSync(join(world.outside, 'secret')).uid).toBe(0);
  });

  test.skipIf(missing)('removing takes a tree with links, odd names and 200 levels, and nothing else', () => {
    using world = trap(load());
    const { root } = world;
    const deep = Array.from({ length: 200 }, (_, level) => `level-${level}`);
    root.makeDirectory('tree', 0o755);
    let at = join(world.path, 'tree');
    for (const name of deep) {
      at = join(at, name);
      mkdirSync(at);
      symlinkSync(world.outside, join(at, 'out'));
    }
    writeFileSync(
      Buffer.concat([Buffer.from(join(world.path, 'tree')), Buffer.from([0x2f, 0xfe, 0xff])]),
      '',
    );
    root.remove('tree');
    root.remove('tree');
    root.remove('missing/parent');
    expect(root.status('tree')).toBeUndefined();
    expect(readdirSync(world.path).sort()).toEqual(['absolute', 'file', 'relative']);
    expect(readdirSync(world.outside)).toEqual(['secret']);
  });

  test.skipIf(missing).each(['', '.', '..', 'a/..', 'a/.', '/'])('"%s" names no entry', (path) => {
    using world = trap(load());
    expect(() => world.root.remove(path)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  test.skipIf(missing)('existing entries and missing parents have their own codes', () => {
    using world = trap(load());
    expect(() => world.root.makeDirectory('file', 0o755)).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
    expect(() => world.root.makeDirectory('no/where', 0o755)).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
    expect(() => world.root.makeDirectories('file/x', 0o755)).toThrow();
    world.root.close();
    world.root.close();
  });
});
