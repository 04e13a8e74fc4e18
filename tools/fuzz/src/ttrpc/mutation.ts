// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';

/** One change; places are fractions of the length, so that shrinking the bytes keeps them meaningful. */
interface Mutation {
  readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'repeat' | 'truncate' | 'number';
  readonly place: number;
  readonly value: number;
  readonly bytes: number;
}

/** Values at which arithmetic turns over. */
const edges = [0, 1, 0x7f, 0x80, 0xff];
/** Lengths at the bounds of the protocol. */
const lengths = [0, 0x40_0000, 0x40_0001, 0xff_ffff, 0x100_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'repeat', 'truncate', 'number'),
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  value: fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 0, max: 255 })),
  bytes: fc.integer({ min: 1, max: 24 }),
});

/** Half of the time the bytes as they are, else changed in up to four places. */
export function mutated(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const changes = fc.oneof(fc.constant<Mutation[]>([]), fc.array(mutation, { minLength: 1, maxLength: 4 }));
  return fc.tuple(bytes, changes).map(([original, mutations]) => mutations.reduce(apply, original));
}

function apply(bytes: Uint8Array, { kind, place, value, bytes: count }: Mutation): Uint8Array {
  const at = Math.min(Math.floor(place * bytes.length), Math.max(0, bytes.length - 1));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case 'set':
      return join(before, Uint8Array.of(value), after.subarray(1));
    case 'flip':
      return join(before, Uint8Array.of((after[0] ?? 0) ^ (1 << (value & 7))), after.subarray(1));
    case 'insert':
      return join(before, new Uint8Array(count).fill(value), after);
    case 'remove':
      return join(before, after.subarray(count));
    case 'repeat':
      return join(before, after.subarray(0, count), after);
    case 'truncate':
      return before.slice();
    case 'number': {
      const number = Buffer.alloc(4);
      number.writeUInt32BE(lengths[value % lengths.length] ?? 0);
      return join(before, number, after.subarray(4));
    }
  }
}

function join(...pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}
