// SPDX-License-Identifier: Apache-2.0
import { ProtocolsError } from '../protocols-error.ts';

/**
 * A whole number of a container specification.
 *
 * It is a `bigint` only when a `number` could not hold it exactly; `parseOciSpec` and `grpcToOciSpec` give it in that form.
 */
export type OciInteger = number | bigint;

interface Range {
  readonly name: string;
  readonly min: bigint;
  readonly max: bigint;
}

const int64: Range = { name: 'a signed 64-bit integer', min: -(2n ** 63n), max: 2n ** 63n - 1n };
const uint64: Range = { name: 'an unsigned 64-bit integer', min: 0n, max: 2n ** 64n - 1n };
const uint32: Range = { name: 'an unsigned 32-bit integer', min: 0n, max: 2n ** 32n - 1n };

function toRange(value: OciInteger, range: Range, field: string): bigint {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw new ProtocolsError('invalid_spec', field, `is not an integer: ${value}`);
  }
  const wide = BigInt(value);
  // A plain JSON.parse rounds the largest 64-bit number up to the next power of two; no other number becomes that one.
  if (typeof value === 'number' && !Number.isSafeInteger(value) && wide === range.max + 1n) return range.max;
  if (wide < range.min || wide > range.max) {
    throw new ProtocolsError('invalid_spec', field, `is not ${range.name}: ${wide}`);
  }
  return wide;
}

/** Gives a protobuf `int64`; absent becomes 0. Throws `invalid_spec` out of range. */
export function toInt64(value: OciInteger | undefined, field: string): bigint {
  return value === undefined ? 0n : toRange(value, int64, field);
}

/** Gives a protobuf `uint64`; absent becomes 0. Throws `invalid_spec` out of range. */
export function toUint64(value: OciInteger | undefined, field: string): bigint {
  return value === undefined ? 0n : toRange(value, uint64, field);
}

/** Gives a protobuf `uint32`; absent becomes 0. Throws `invalid_spec` out of range. */
export function toUint32(value: OciInteger | undefined, field: string): number {
  return value === undefined ? 0 : Number(toRange(value, uint32, field));
}

/** Gives a 64-bit number of the wire as a number of the specification. */
export function fromInt64(value: bigint): OciInteger {
  const narrow = Number(value);
  return Number.isSafeInteger(narrow) ? narrow : value;
}

/** As {@link fromInt64}, for numbers without presence on the wire, of which only positive ones mean anything. */
export function fromPositiveInt64(value: bigint): OciInteger | undefined {
  return value > 0n ? fromInt64(value) : undefined;
}
