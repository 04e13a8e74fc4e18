// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../../errors/agent-error.ts';
import { optionValue } from '../option-value.ts';

const prefix = 'X-kata.dmverity';
/** The superblock of veritysetup(8) takes this much, rounded up to a block of hashes. */
const superblockBytes = 512n;

/** How a disk is verified: its data lies before its tree of hashes. */
export interface VerityOptions {
  /** Version of the format: 1, or 0 for the one of Chrome OS. */
  readonly hashType: number;
  readonly dataBlockBytes: bigint;
  readonly hashBlockBytes: bigint;
  readonly dataBlocks: bigint;
  /** Where the tree begins, in blocks of hashes. */
  readonly hashStartBlock: bigint;
  readonly algorithm: string;
  /** Hexadecimal. */
  readonly rootHash: string;
  /** Hexadecimal; undefined for none. */
  readonly salt: string | undefined;
}

/** A word of the target's parameters: nothing in it may end it, or begin another one. */
function word(options: readonly string[], key: string, pattern: RegExp): string | undefined {
  const text = optionValue(options, `${prefix}.${key}`);
  if (text === undefined || pattern.test(text)) return text;
  throw new AgentError('storage_failed', `${prefix}.${key} is not usable: ${JSON.stringify(text)}`);
}

function count(options: readonly string[], key: string): bigint | undefined {
  const text = word(options, key, /^\d{1,15}$/);
  return text === undefined ? undefined : BigInt(text);
}

/**
 * How a layer says that it is verified; undefined when it is not.
 *
 * @throws AgentError `storage_failed` for options that are missing or make no sense
 */
export function verityOptionsOf({ options, source }: Storage): VerityOptions | undefined {
  if (!options.includes(`${prefix}-enabled=true`)) return undefined;
  const rootHash = word(options, 'roothash', /^([0-9a-f]{2}){1,64}$/i);
  const hashOffsetBytes = count(options, 'hashoffset') ?? 0n;
  const dataBlockBytes = count(options, 'blocksize') ?? 4096n;
  const hashBlockBytes = count(options, 'hashsize') ?? 4096n;
  if (rootHash === undefined) throw new AgentError('storage_failed', `layer ${source} has no root hash`);
  if (dataBlockBytes === 0n || hashBlockBytes === 0n) {
    throw new AgentError('storage_failed', `layer ${source} has blocks of no bytes`);
  }
  if (hashOffsetBytes === 0n || hashOffsetBytes % dataBlockBytes !== 0n) {
    const problem = `hash offset ${hashOffsetBytes} of layer ${source} is no whole number of blocks`;
    throw new AgentError('storage_failed', problem, { operand: hashOffsetBytes.toString() });
  }
  const salt = word(options, 'salt', /^(-?|([0-9a-f]{2}){1,256})$/i);
  const hasSuperblock = word(options, 'no-superblock', /^(true|false)$/) !== 'true';
  const superblocks = hasSuperblock ? (superblockBytes + hashBlockBytes - 1n) / hashBlockBytes : 0n;
  return {
    hashType: Number(word(options, 'hashtype', /^[01]$/) ?? '1'),
    dataBlockBytes,
    hashBlockBytes,
    dataBlocks: hashOffsetBytes / dataBlockBytes,
    hashStartBlock: hashOffsetBytes / hashBlockBytes + superblocks,
    algorithm: word(options, 'algorithm', /^[\w()-]{1,64}$/) ?? 'sha256',
    rootHash,
    salt: salt === '' || salt === '-' ? undefined : salt,
  };
}
