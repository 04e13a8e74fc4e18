// SPDX-License-Identifier: Apache-2.0
import type { Metadata, MetadataInit, MetadataValue } from 'nice-grpc-common';
import type { KeyValue } from './envelope/request-envelope.ts';
import { TtrpcError } from './ttrpc-error.ts';

type Value = string | Uint8Array;

/**
 * Makes metadata for the options of a call. Other than nice-grpc's own `Metadata`, which may be used as well, it takes any
 * text, and keeps the values of a key apart, so that each travels by itself, as Go's and Rust's clients send them.
 * @throws {@link TtrpcError} `invalid_argument` for a key with other characters than `0-9 a-z _ . -`, for bytes under a
 * key that does not end in `-bin`, and for text under one that does; also later, from `set` and `append`.
 */
export function createMetadata(init: MetadataInit = []): Metadata {
  const metadata = new TtrpcMetadata();
  for (const [key, value] of Symbol.iterator in init ? init : Object.entries(init)) metadata.set(key, value);
  return metadata;
}

/**
 * nice-grpc's `Metadata` over ttRPC's key-value pairs. One is made for every call a server answers, so it holds
 * nothing until it is used.
 *
 * Values of one key stay apart, as they are on the wire: so `getAll` and the iterator give them. `get` joins texts by a
 * comma, as nice-grpc promises. Values of keys ending in `-bin` are bytes, which travel as base64 because ttRPC carries
 * text only.
 */
export class TtrpcMetadata implements Metadata {
  #pairs: readonly KeyValue[] | undefined;
  #values: Map<string, Value[]> | undefined;

  constructor(pairs?: readonly KeyValue[]) {
    this.#pairs = pairs;
  }

  /** Whether there is nothing in it; cheap, also before first use. */
  get isEmpty(): boolean {
    return this.#values === undefined ? (this.#pairs?.length ?? 0) === 0 : this.#values.size === 0;
  }

  set<Key extends string>(key: Key, value: MetadataValue<Key> | MetadataValue<Key>[]): Metadata {
    const name = key.toLowerCase();
    this.#map().delete(name);
    for (const item of Array.isArray(value) ? value : [value]) this.#add(name, item);
    return this;
  }

  append<Key extends string>(key: Key, value: MetadataValue<Key>): Metadata {
    this.#add(key.toLowerCase(), value);
    return this;
  }

  delete(key: string): void {
    this.#map().delete(key.toLowerCase());
  }

  get<Key extends string>(key: Key): MetadataValue<Key> | undefined {
    const values = this.getAll(key);
    if (values.length < 2 || key.toLowerCase().endsWith('-bin')) return values[0];
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- joined texts are text
    return values.join(', ') as MetadataValue<Key>;
  }

  getAll<Key extends string>(key: Key): MetadataValue<Key>[] {
    const values = this.#map().get(key.toLowerCase()) ?? [];
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- #add keeps bytes under `-bin` keys and text under all others
    return [...values] as MetadataValue<Key>[];
  }

  has(key: string): boolean {
    return this.#map().has(key.toLowerCase());
  }

  [Symbol.iterator](): IterableIterator<[string, Value[]]> {
    return this.#map()[Symbol.iterator]();
  }

  #map(): Map<string, Value[]> {
    if (this.#values !== undefined) return this.#values;
    const values = new Map<string, Value[]>();
    this.#values = values;
    for (const { key, value } of this.#pairs ?? []) {
      this.#store(
        key.toLowerCase(),
        key.toLowerCase().endsWith('-bin') ? Buffer.from(value, 'base64') : value,
      );
    }
    this.#pairs = undefined;
    return values;
  }

  /** Checks what this side sends; what a peer sent is taken as it is. */
  #add(name: string, value: Value): void {
    if (!/^[0-9a-z_.-]+$/.test(name)) {
      throw new TtrpcError('invalid_argument', `metadata key ${JSON.stringify(name)} has illegal characters`);
    }
    if (name.endsWith('-bin') !== value instanceof Uint8Array) {
      const expected = name.endsWith('-bin') ? 'bytes' : 'text';
      throw new TtrpcError('invalid_argument', `metadata key ${name} takes ${expected}`);
    }
    this.#store(name, value);
  }

  #store(name: string, value: Value): void {
    const values = this.#map();
    const present = values.get(name);
    if (present === undefined) values.set(name, [value]);
    else present.push(value);
  }
}

/** Metadata as it goes into a request envelope; binary values become base64. */
export function metadataToPairs(metadata: Metadata): KeyValue[] {
  const pairs: KeyValue[] = [];
  for (const [key, values] of metadata) {
    for (const value of values) {
      pairs.push({
        key,
        value:
          typeof value === 'string'
            ? value
            : Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'),
      });
    }
  }
  return pairs;
}
