// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { receiveFds } from './receive-fds.ts';
import { sendFds } from './send-fds.ts';
import { tapHardwareAddress } from './tap.ts';
import { backends } from './testing/backends.ts';
import { createSocketPair } from './testing/socket-pair.ts';

describe.each(backends)('descriptors through $title', ({ missing, load }) => {
  test.skipIf(missing).each([1, 2, 8])('%i open files arrive at the other end', (count) => {
    const libc = load();
    const [here, there] = createSocketPair(libc);
    const file = openSync(import.meta.filename, 'r');
    try {
      sendFds(here, Buffer.from('{}\n'), new Array<number>(count).fill(file), libc);
      const received = receiveFds(there, libc);
      expect(received).toHaveLength(count);
      for (const fd of received) {
        expect(fstatSync(fd).ino).toBe(fstatSync(file).ino);
        closeSync(fd);
      }
    } finally {
      for (const fd of [here, there, file]) closeSync(fd);
    }
  });

  test.skipIf(missing)('the bytes arrive as they are, once', () => {
    const libc = load();
    const [here, there] = createSocketPair(libc);
    const text = '{"execute":"getfd"}\n'.repeat(3);
    try {
      sendFds(here, Buffer.from(text), [here], libc);
      closeSync(here);
      // The descriptor on its way would keep the socket open, but read(2) drops it.
      expect(readFileSync(there, 'utf8')).toBe(text);
    } finally {
      closeSync(there);
    }
  });

  test.skipIf(missing)('what cannot be sent is refused', () => {
    const libc = load();
    const [here, there] = createSocketPair(libc);
    try {
      expect(() => sendFds(here, Buffer.alloc(0), [here], libc)).toThrow(/sendmsg/);
      expect(() => sendFds(here, Buffer.from('x'), [], libc)).toThrow(/sendmsg/);
      expect(() => sendFds(here, Buffer.from('x'), [65_000], libc)).toThrow(
        expect.objectContaining({ code: 'EBADF' }),
      );
      expect(() => tapHardwareAddress(here, libc)).toThrow(/ioctl/);
    } finally {
      closeSync(there);
    }
    expect(() => sendFds(here, Buffer.from('x'), [here], libc)).toThrow(
      expect.objectContaining({ code: 'EPIPE' }),
    );
    closeSync(here);
  });
});
