// SPDX-License-Identifier: Apache-2.0
import { Storage } from '@hako/protocols/agent';
import { expect, test } from 'vitest';
import { AgentError } from '../../errors/agent-error.ts';
import { verityOptionsOf } from './verity-options.ts';

const rootHash = 'ab'.repeat(32);
const needed = {
  'dmverity-enabled': 'true',
  'dmverity.roothash': rootHash,
  'dmverity.hashoffset': '1048576',
};

function layer(values: Readonly<Record<string, string | undefined>>): Storage {
  const options = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`X-kata.${key}=${value}`],
  );
  return Storage.fromPartial({ source: '02/03', options });
}

test('a layer without the option is not verified', () => {
  expect(verityOptionsOf(layer({ ...needed, 'dmverity-enabled': undefined }))).toBeUndefined();
});

test('what is not said is as veritysetup has it', () => {
  expect(verityOptionsOf(layer(needed))).toEqual({
    hashType: 1,
    dataBlockBytes: 4096n,
    hashBlockBytes: 4096n,
    dataBlocks: 256n,
    hashStartBlock: 257n,
    algorithm: 'sha256',
    rootHash,
    salt: undefined,
  });
});

test.each([
  ['no-superblock', 'true', { hashStartBlock: 256n }],
  ['no-superblock', 'false', { hashStartBlock: 257n }],
  ['hashsize', '512', { hashBlockBytes: 512n, hashStartBlock: 2049n }],
  ['blocksize', '1024', { dataBlockBytes: 1024n, dataBlocks: 1024n }],
  ['salt', 'c0ffee', { salt: 'c0ffee' }],
  ['salt', '-', { salt: undefined }],
  ['salt', '', { salt: undefined }],
  ['hashtype', '0', { hashType: 0 }],
  ['algorithm', 'sha512', { algorithm: 'sha512' }],
])('%s=%s is understood', (key, value, expected) => {
  expect(verityOptionsOf(layer({ ...needed, [`dmverity.${key}`]: value }))).toMatchObject(expected);
});

test.each([
  ['roothash', undefined, 'no root hash'],
  ['roothash', 'abc', 'not usable'],
  ['roothash', `${rootHash} 1 ignore_corruption`, 'not usable'],
  ['roothash', 'ab'.repeat(65), 'not usable'],
  ['hashoffset', undefined, 'no whole number'],
  ['hashoffset', '4097', 'no whole number'],
  ['hashoffset', '-4096', 'not usable'],
  ['hashoffset', '9'.repeat(16), 'not usable'],
  ['blocksize', '0', 'no bytes'],
  ['hashsize', '0', 'no bytes'],
  ['salt', 'c0f', 'not usable'],
  ['salt', 'c0ff 1', 'not usable'],
  ['hashtype', '2', 'not usable'],
  ['algorithm', 'sha256 x', 'not usable'],
  ['no-superblock', 'yes', 'not usable'],
])('%s=%s is refused', (key, value, text) => {
  const parse = () => verityOptionsOf(layer({ ...needed, [`dmverity.${key}`]: value }));
  expect(parse).toThrow(AgentError);
  expect(parse).toThrow(text);
});
