// SPDX-License-Identifier: Apache-2.0
import {
  createFileRegistry,
  fromBinary,
  fromJson,
  ScalarType,
  toBinary,
  toJson,
  type DescField,
  type DescMessage,
  type JsonValue,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { fileDescriptorSet } from '@hako/protocols/descriptors';

import { UsageError } from '../usage-error.ts';
import { namesRemedy } from './nearest-name.ts';

/** The messages of one method. */
export interface MethodShape {
  readonly request: DescMessage;
  readonly reply: DescMessage;
}

let registry: ReturnType<typeof createFileRegistry> | undefined;

/**
 * Finds the messages of a method.
 * @param service full name
 * @param method bare name
 */
export function methodShape(service: string, method: string): MethodShape {
  registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
  const found = registry.getService(service)?.methods.find(({ name }) => name === method);
  if (found === undefined) throw new TypeError(`no method ${service}/${method}`);
  return { request: found.input, reply: found.output };
}

/**
 * Encodes a message that somebody wrote as JSON. Field names are those of the `.proto` files or of protobuf's JSON, `type_` is
 * `type`, bytes may be lists of numbers, and what is `null` counts as left out, as Kata's agent-ctl has it. A name that does
 * not exist is an error.
 */
export function encodeMessage(shape: DescMessage, json: unknown): Uint8Array {
  const usual = usualMessage(shape, json, shape.name);
  try {
    return toBinary(shape, fromJson(shape, usual));
  } catch (error) {
    throw new UsageError(
      error instanceof Error ? error.message : String(error),
      `see the fields of ${shape.name}`,
    );
  }
}

/** Decodes a message to JSON with the field names of the `.proto` files, fields that hold their zero included. */
export function decodeMessage(shape: DescMessage, bytes: Uint8Array): JsonValue {
  return toJson(shape, fromBinary(shape, bytes), {
    useProtoFieldName: true,
    alwaysEmitImplicit: true,
    enumAsInteger: true,
  });
}

/** Finds a field by a name somebody wrote; an unknown one is an error that names the nearest. */
export function fieldOf(shape: DescMessage, name: string, where: string): DescField {
  const plain = name === 'type_' ? 'type' : name;
  const field = shape.fields.find((it) => it.name === plain || it.jsonName === plain);
  if (field !== undefined) return field;
  throw new UsageError(
    `${where} has no field ${name}`,
    namesRemedy(
      name,
      shape.fields.map((it) => it.name),
    ),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function usualMessage(shape: DescMessage, json: unknown, where: string): JsonValue {
  if (!isObject(json)) throw new UsageError(`${where} is not a JSON object`, 'write {"field": value}');
  const usual: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(json)) {
    const oneof = shape.oneofs.find(
      (it) => it.name === name && !it.fields.some((field) => field.name === name),
    );
    if (oneof !== undefined) {
      if (isObject(value)) Object.assign(usual, usualMessage(shape, lowerFirst(value), `${where}.${name}`));
      continue;
    }
    const field = fieldOf(shape, name, where);
    if (value === null || value === undefined) continue;
    usual[field.jsonName] = usualField(field, value, `${where}.${name}`);
  }
  return usual;
}

/** Rust's names of the cases of a oneof begin with a capital letter. */
function lowerFirst(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [`${name.slice(0, 1).toLowerCase()}${name.slice(1)}`, value]),
  );
}

function usualField(field: DescField, value: unknown, where: string): JsonValue {
  if (field.fieldKind === 'message') return usualMessage(field.message, value, where);
  if (field.fieldKind === 'list' && field.listKind === 'message' && Array.isArray(value)) {
    const { message } = field;
    return value.map((item, index) => usualMessage(message, item, `${where}[${index}]`));
  }
  if (field.fieldKind === 'map' && field.mapKind === 'message' && isObject(value)) {
    const { message } = field;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, usualMessage(message, item, `${where}.${key}`)]),
    );
  }
  if (isBytes(field) && Array.isArray(value)) return Buffer.from(value.map(Number)).toString('base64');
  // What is left are scalars and lists and maps of them, which protobuf's own reader checks.
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- it comes out of JSON.parse
  return value as JsonValue;
}

/** Whether a field holds bytes. */
export function isBytes(field: DescField): boolean {
  return field.fieldKind === 'scalar' && field.scalar === ScalarType.BYTES;
}
