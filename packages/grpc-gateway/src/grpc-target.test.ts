// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { grpcTarget } from './grpc-target.ts';

const targets = [
  { address: 'unix:///run/x.sock', target: 'unix:/run/x.sock' },
  { address: 'tcp://127.0.0.1:50051', target: '127.0.0.1:50051' },
  { address: 'tcp://[::1]:50051', target: '[::1]:50051' },
];

test.each(targets)('$address is $target in the words of gRPC', ({ address, target }) => {
  expect(grpcTarget(address)).toBe(target);
});

test.each(['unix://@name', 'vsock://3:1024', 'serial:///run/port', 'nowhere', ''])(
  '%j is refused',
  (address) => {
    expect(() => grpcTarget(address)).toThrow(expect.objectContaining({ code: 'invalid_address' }) as Error);
  },
);
