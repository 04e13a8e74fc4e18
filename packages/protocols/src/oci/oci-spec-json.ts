// SPDX-License-Identifier: Apache-2.0
import { ProtocolsError } from '../protocols-error.ts';
import type { OciProcess } from './oci-process.ts';
import type { OciResources } from './oci-resources.ts';
import { ociSpecShape } from './oci-spec-shape.ts';
import type { OciSpec } from './oci-spec.ts';

/**
 * The part of the ECMAScript proposal "JSON.parse source text access" that keeps 64-bit numbers exact; in V8 since
 * Node 21, not yet in TypeScript's library.
 */
interface ExactJson {
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
}

function isExactJson(json: object): json is ExactJson {
  return 'rawJSON' in json;
}

function exactJson(): ExactJson {
  const json: object = JSON;
  if (!isExactJson(json))
    throw new TypeError('this JavaScript engine has no JSON.rawJSON: Node 22.12 or newer is needed');
  return json;
}

const decimalInteger = /^-?\d+$/;

/** Reviver: keeps wide integers exact, and drops properties that are null, but not entries of lists. */
function revive(this: unknown, _key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (value === null) return Array.isArray(this) ? value : undefined;
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const { source } = context;
  return source !== undefined && decimalInteger.test(source) ? BigInt(source) : value;
}

function assertOciSpec(value: unknown): asserts value is OciSpec {
  ociSpecShape(value, '');
}

/**
 * Reads the text of a `config.json`.
 *
 * Whole numbers that a `number` cannot hold become `bigint`. Properties that are `null`, as Go programs write empty
 * lists, are removed; properties this package does not know are kept. Throws `invalid_spec` when the text is not JSON
 * or a known property has another type; `field` names that property.
 */
export function parseOciSpec(text: string): OciSpec {
  let value: unknown;
  try {
    value = exactJson().parse(text, revive);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ProtocolsError('invalid_spec', '', `container specification is not JSON: ${cause.message}`, {
      cause,
    });
  }
  assertOciSpec(value);
  return value;
}

function stringifyExactly(value: OciSpec | OciProcess | OciResources): string {
  const json = exactJson();
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? json.rawJSON(String(inner)) : inner,
  );
}

/** Gives the text of a `config.json`; a `bigint` is written with all its digits. */
export function stringifyOciSpec(spec: OciSpec): string {
  return stringifyExactly(spec);
}

/** Gives the text of a process alone, as OCI runtimes take it for a further process in a container. */
export function stringifyOciProcess(process: OciProcess): string {
  return stringifyExactly(process);
}

/** Gives the text of limits alone, as OCI runtimes take it for a change of them. */
export function stringifyOciResources(resources: OciResources): string {
  return stringifyExactly(resources);
}
