// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { OciSpec } from './oci-spec.ts';
import { ociSpecToGrpc } from './spec-to-grpc.ts';

const withProcess = (process: Partial<OciSpec['process']>): OciSpec => ({
  ociVersion: '1',
  process: { cwd: '/', ...process },
});

test('a device rule without numbers is sent as a wildcard', () => {
  const message = ociSpecToGrpc({
    ociVersion: '1',
    linux: {
      resources: {
        devices: [
          { allow: false, access: 'rwm' },
          { allow: true, type: 'c', major: 0, minor: 3 },
        ],
      },
    },
  });
  expect(message.Linux?.Resources?.Devices).toEqual([
    { Allow: false, Type: '', Major: -1n, Minor: -1n, Access: 'rwm' },
    { Allow: true, Type: 'c', Major: 0n, Minor: 3n, Access: '' },
  ]);
});

test('the largest unsigned number arrives also when a plain JSON.parse has rounded it', () => {
  const message = ociSpecToGrpc(
    withProcess({ rlimits: [{ type: 'RLIMIT_CORE', hard: 2 ** 64, soft: 2n ** 64n - 1n }] }),
  );
  expect(message.Process?.Rlimits).toEqual([
    { Type: 'RLIMIT_CORE', Hard: 2n ** 64n - 1n, Soft: 2n ** 64n - 1n },
  ]);
});

test.each<[string, OciSpec, string]>([
  [
    'a negative limit',
    withProcess({ rlimits: [{ type: 'RLIMIT_CORE', hard: -1, soft: 0 }] }),
    'process.rlimits[0].hard',
  ],
  ['a user id beyond 32 bits', withProcess({ user: { uid: 2 ** 32, gid: 0 } }), 'process.user.uid'],
  ['a fraction', withProcess({ oomScoreAdj: 0.5 }), 'process.oomScoreAdj'],
  ['a number that is none', withProcess({ oomScoreAdj: Number.NaN }), 'process.oomScoreAdj'],
])('%s is refused by name', (_what, spec, field) => {
  expect(() => ociSpecToGrpc(spec)).toThrow(expect.objectContaining({ code: 'invalid_spec', field }));
});
