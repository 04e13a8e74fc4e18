// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { backends } from './testing/backends.ts';
import { decodeVsockAddress, encodeVsockAddress } from './vsock-address.ts';
import { createVsockDialer } from './vsock-dialer.ts';
import { listenVsock } from './vsock-listener.ts';

test.each([
  { address: { cid: 3, port: 1024 }, bytes: '28000000' + '00040000' + '03000000' + '00000000' },
  {
    address: { cid: 0xffffffff, port: 0xfffffffe },
    bytes: '28000000' + 'feffffff' + 'ffffffff' + '00000000',
  },
])('$address is the sockaddr_vm $bytes', ({ address, bytes }) => {
  expect(Buffer.from(encodeVsockAddress(address)).toString('hex')).toBe(bytes);
  expect(decodeVsockAddress(Buffer.from(bytes, 'hex'))).toEqual(address);
});

describe.each(backends)('vsock through $title', ({ missing, load }) => {
  test.skipIf(missing)('a connection to nobody is refused with an errno and the address', async () => {
    await expect(
      createVsockDialer(load())({ cid: 1, port: 65_000 }, { timeoutMs: 5000 }),
    ).rejects.toMatchObject({
      name: 'LinuxError',
      code: expect.stringMatching(/^E[A-Z]+$/) as string,
    });
  });

  test.skipIf(missing)('a listener of somebody else’s CID is refused', () => {
    const listen = () => listenVsock({ cid: 12345, port: 65_001, onConnection: () => undefined }, load());
    expect(listen).toThrow(expect.objectContaining({ name: 'LinuxError' }));
  });
});
