// SPDX-License-Identifier: Apache-2.0
import { CopyFileRequest } from '@hako/protocols/agent';
import { execFileSync } from 'node:child_process';
import { chmod, mkdtempDisposable, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFile } from './copy-file.ts';

const mib = 1024 * 1024;

async function scratch() {
  const sent: CopyFileRequest[] = [];
  const directory = await mkdtempDisposable(join(tmpdir(), 'hako-copy-'));
  return {
    sent,
    path: directory.path,
    agent: {
      copyFile: async (request: Parameters<typeof CopyFileRequest.fromPartial>[0]) => {
        // Through the wire format, so that a buffer that is used again does not change what was sent.
        sent.push(
          CopyFileRequest.decode(CopyFileRequest.encode(CopyFileRequest.fromPartial(request)).finish()),
        );
        return {};
      },
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test('a file travels in pieces of one MiB with its mode, owner and size', async () => {
  await using at = await scratch();
  const content = Buffer.alloc(2 * mib + 5, 'abcdefg');
  const source = join(at.path, 'f');
  await writeFile(source, content);
  await chmod(source, 0o640);
  await copyFile(at.agent, source, '/guest/f');
  expect(at.sent.map(({ offset, data }) => [offset, data.length])).toEqual([
    [0n, mib],
    [BigInt(mib), mib],
    [BigInt(2 * mib), 5],
  ]);
  expect(Buffer.concat(at.sent.map(({ data }) => data)).equals(content)).toBe(true);
  for (const request of at.sent) {
    expect(request).toMatchObject({
      path: '/guest/f',
      fileSize: BigInt(content.length),
      fileMode: 0o100640,
      dirMode: 0x800001e8,
      uid: process.getuid!(),
      gid: process.getgid!(),
    });
  }
});

test.each([
  ['an empty file', async (path: string) => writeFile(path, ''), 0o100644, ''],
  ['a link', async (path: string) => symlink('../target', path), 0o120777, '../target'],
])('%s is one request', async (_what, make, fileMode, data) => {
  await using at = await scratch();
  const source = join(at.path, 'x');
  await make(source);
  await copyFile(at.agent, source, '/guest/x');
  expect(at.sent).toHaveLength(1);
  expect(at.sent[0]).toMatchObject({ fileMode, fileSize: 0n, offset: 0n });
  expect(Buffer.from(at.sent[0]!.data).toString()).toBe(data);
});

test('a directory is one request without data', async () => {
  await using at = await scratch();
  await copyFile(at.agent, at.path, '/guest/d');
  expect(at.sent).toEqual([
    expect.objectContaining({ fileMode: 0o40700, fileSize: 0n, data: new Uint8Array(0) }),
  ]);
});

test('a file that shrinks while it is copied is an error', async () => {
  await using at = await scratch();
  const source = join(at.path, 'f');
  await writeFile(source, Buffer.alloc(2 * mib));
  const shrinking = {
    copyFile: async () => {
      await truncate(source, mib);
      return {};
    },
  };
  await expect(copyFile(shrinking, source, '/guest/f')).rejects.toEqual(
    expect.objectContaining({ code: 'file_changed' }),
  );
});

test('a named pipe is refused without being opened', async () => {
  await using at = await scratch();
  const source = join(at.path, 'pipe');
  execFileSync('mkfifo', [source]);
  await expect(copyFile(at.agent, source, '/guest/p')).rejects.toEqual(
    expect.objectContaining({ code: 'unsupported_file' }),
  );
});

test('a failing piece ends the copy', async () => {
  await using at = await scratch();
  const source = join(at.path, 'f');
  await writeFile(source, Buffer.alloc(3 * mib));
  let calls = 0;
  const failing = {
    copyFile: async () => {
      calls += 1;
      throw new Error('full');
    },
  };
  await expect(copyFile(failing, source, '/guest/f')).rejects.toThrow('full');
  expect(calls).toBe(1);
});
