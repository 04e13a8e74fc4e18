// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { encodeCpio } from './cpio-archive.ts';
import { FileTreeBuilder } from './file-tree.ts';

interface ArchiveEntry {
  readonly name: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** Reads an archive by the words of the kernel's documentation, independent of the encoder. */
function decode(archive: Buffer): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  for (let offset = 0; ;) {
    const field = (index: number): number =>
      parseInt(archive.toString('latin1', offset + 6 + 8 * index, offset + 14 + 8 * index), 16);
    expect(archive.toString('latin1', offset, offset + 6)).toBe('070701');
    const [mode, size, nameLength] = [field(1), field(6), field(11)];
    const name = archive.toString('utf8', offset + 110, offset + 110 + nameLength - 1);
    if (name === 'TRAILER!!!') return entries;
    const start = (offset + 110 + nameLength + 3) & ~3;
    entries.push({ name, mode, content: archive.subarray(start, start + size) });
    offset = (start + size + 3) & ~3;
  }
}

describe('encodeCpio', () => {
  test('keeps names, modes and contents of every kind of entry, parents first', () => {
    const tree = new FileTreeBuilder()
      .file('a/b/odd', Buffer.from('12345'), 0o640)
      .symlink('a/link', 'b/odd')
      .directory('z', 0o700)
      .build();
    expect(
      decode(encodeCpio(tree)).map(({ name, mode, content }) => [name, mode.toString(8), content.toString()]),
    ).toEqual([
      ['a', '40755', ''],
      ['a/b', '40755', ''],
      ['a/b/odd', '100640', '12345'],
      ['a/link', '120777', 'b/odd'],
      ['z', '40700', ''],
    ]);
  });

  test.each([0, 1, 2, 3, 4, 5, 511, 512, 513])(
    'pads a file of %i bytes so that the archive is whole blocks',
    (length) => {
      const archive = encodeCpio(new FileTreeBuilder().file('x', Buffer.alloc(length, 7)).build());
      expect(archive.length % 512).toBe(0);
      expect(decode(archive)[0]?.content).toEqual(Buffer.alloc(length, 7));
    },
  );

  test('gives the same bytes whatever the order in which entries were added', () => {
    const first = new FileTreeBuilder().file('a', Buffer.from('1')).file('b', Buffer.from('2')).build();
    const second = new FileTreeBuilder().file('b', Buffer.from('2')).file('a', Buffer.from('1')).build();
    expect(encodeCpio(first)).toEqual(encodeCpio(second));
  });
});
