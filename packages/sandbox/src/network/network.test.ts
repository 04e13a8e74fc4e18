// SPDX-License-Identifier: Apache-2.0
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

import { expect, test } from 'vitest';

import { expectFreePorts } from './free-ports.ts';
import { checkNetwork, type NetworkOptions, type RateLimits } from './network-options.ts';

const port = { hostPort: 8080, guestPort: 80 };

test('without a word there is no network, and a port listens on the host alone by default', () => {
  expect(checkNetwork()).toEqual({ kind: 'none' });
  expect(checkNetwork({ kind: 'user', ports: [port] })).toEqual({
    kind: 'user',
    ports: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 }],
    stack: 'hypervisor',
  });
});

test('the links of a namespace are joined by filters by default', () => {
  const options = { kind: 'namespace', path: '/run/netns/blue' } as const;
  const usual = { ...options, model: 'tcfilter', mayBeEmpty: false, vhost: true, rates: {} };
  expect(checkNetwork(options)).toEqual(usual);
  for (const model of ['macvtap', 'none'] as const)
    expect(checkNetwork({ ...options, model })).toEqual({ ...usual, model });
});

test('a rate of 0 is none, and others are whole numbers of bits', () => {
  const ratesOf = (rates: RateLimits): unknown =>
    checkNetwork({ kind: 'namespace', path: '/run/netns/blue', rates });
  expect(ratesOf({ receiveBitsPerSecond: 0, sendBitsPerSecond: 8 })).toMatchObject({
    rates: { sendBitsPerSecond: 8 },
  });
  for (const rate of [-1, 7, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => ratesOf({ receiveBitsPerSecond: rate })).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: `rate ${rate} is no whole number of bits per second`,
      }),
    );
  }
});

test('a kind, model, stack or protocol that callers in JavaScript make up is refused', () => {
  // @ts-expect-error -- the type does not allow it
  expect(() => checkNetwork({ kind: 'namespace', path: '/run/netns/blue', model: 'bridge' })).toThrow(
    /model "bridge" is not supported/,
  );
  // @ts-expect-error -- the type does not allow it
  expect(() => checkNetwork({ kind: 'user', stack: 'slirp' })).toThrow(/"slirp" is not supported/);
  // @ts-expect-error -- the type does not allow it
  expect(() => checkNetwork({ kind: 'host' })).toThrow(/network "host" is not supported/);
  const protocol = 'tcp:0.0.0.0:22-:22,tcp';
  // @ts-expect-error -- the type does not allow it
  expect(() => checkNetwork({ kind: 'user', ports: [{ ...port, protocol }] })).toThrow(
    /22,tcp" is not supported/,
  );
});

test.each<{ says: RegExp; options: NetworkOptions }>([
  { says: /"blue" is no absolute path/, options: { kind: 'namespace', path: 'blue' } },
  { says: /port 0 is not/, options: { kind: 'user', ports: [{ ...port, hostPort: 0 }] } },
  { says: /port 65536 is not/, options: { kind: 'user', ports: [{ ...port, guestPort: 65_536 }] } },
  { says: /port 1.5 is not/, options: { kind: 'user', ports: [{ ...port, hostPort: 1.5 }] } },
  { says: /"::1" is no IPv4/, options: { kind: 'user', ports: [{ ...port, hostAddress: '::1' }] } },
  {
    says: /"1.2.3.4,x" is no IPv4/,
    options: { kind: 'user', ports: [{ ...port, hostAddress: '1.2.3.4,x' }] },
  },
  { says: /published twice/, options: { kind: 'user', ports: [port, { ...port, guestPort: 81 }] } },
])('refuses what cannot be published: $says', ({ says, options }) => {
  expect(() => checkNetwork(options)).toThrow(
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
    expect.objectContaining({ code: 'invalid_options', message: expect.stringMatching(says) }),
  );
});

/** An address of the loopback where nobody else takes ports. */
const address = '127.83.107.101';

/** Takes a port of the host. */
async function takePort(protocol: 'tcp' | 'udp') {
  if (protocol === 'tcp') {
    const server = createServer().listen(0, address);
    await once(server, 'listening');
    const bound = server.address();
    const hostPort = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
    return { hostPort, [Symbol.dispose]: () => void server.close() };
  }
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  return { hostPort: socket.address().port, [Symbol.dispose]: () => void socket.close() };
}

test.each(['tcp', 'udp'] as const)(
  'a %s port that is taken is found before anything is created',
  async (protocol) => {
    using taken = await takePort(protocol);
    const { hostPort } = taken;
    const published = { protocol, hostAddress: address, hostPort, guestPort: 80 };
    await expect(expectFreePorts([published])).rejects.toMatchObject({ code: 'port_in_use' });
    const other = protocol === 'tcp' ? ('udp' as const) : ('tcp' as const);
    // Tried twice: the first look leaves it free.
    await expectFreePorts([{ ...published, protocol: other }]);
    await expectFreePorts([{ ...published, protocol: other }]);
  },
);
