// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestFileTree, FileTreeBuilder, writeFileTree } from './file-tree.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

describe('FileTreeBuilder', () => {
  test.each(['/etc/passwd', '../up', 'a//b', 'a/./b', './a'])('refuses the path %s', (path) => {
    expect(() => new FileTreeBuilder().file(path, Buffer.alloc(0))).toThrow(RangeError);
  });

  test('takes the same file twice and refuses another content under its name', () => {
    const tree = new FileTreeBuilder().file('a', Buffer.from('1')).file('a', Buffer.from('1'));
    expect(tree.build()).toHaveLength(1);
    expect(() => tree.file('a', Buffer.from('2'))).toThrow('tree entry exists with other content: a');
  });
});

describe('digestFileTree', () => {
  const base = (): FileTreeBuilder => new FileTreeBuilder().file('a', Buffer.from('1'));
  test.each([
    ['a name', new FileTreeBuilder().file('b', Buffer.from('1'))],
    ['a content', new FileTreeBuilder().file('a', Buffer.from('2'))],
    ['a mode', new FileTreeBuilder().file('a', Buffer.from('1'), 0o755)],
    ['a kind', new FileTreeBuilder().symlink('a', '1')],
    ['a further entry', base().directory('d')],
  ])('changes with %s', (_, other) => {
    expect(digestFileTree(other.build())).not.toBe(digestFileTree(base().build()));
  });
});

test('writeFileTree creates what the tree says, whatever the umask', async () => {
  await using directory = await createTemporaryDirectory(tmpdir());
  const umask = process.umask(0o077);
  try {
    await writeFileTree(
      new FileTreeBuilder()
        .file('d/f', Buffer.from('hi'), 0o755)
        .symlink('d/l', 'f')
        .directory('t', 0o1777)
        .build(),
      directory.path,
    );
  } finally {
    process.umask(umask);
  }
  const mode = async (path: string): Promise<string> =>
    ((await stat(join(directory.path, path))).mode & 0o7777).toString(8);
  expect([await mode('d'), await mode('d/f'), await mode('t')]).toEqual(['755', '755', '1777']);
  expect(await readlink(join(directory.path, 'd/l'))).toBe('f');
  expect(await readFile(join(directory.path, 'd/f'), 'utf8')).toBe('hi');
});

test('a temporary directory is gone after its scope', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'guest-image-'));
  let path: string;
  {
    await using directory = await createTemporaryDirectory(parent);
    path = directory.path;
  }
  await expect(stat(path)).rejects.toThrow('ENOENT');
  await rm(parent, { recursive: true });
});
