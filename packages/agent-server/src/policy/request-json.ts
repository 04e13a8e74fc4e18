// SPDX-License-Identifier: Apache-2.0
import { createFileRegistry, type DescField, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { fileDescriptorSet } from '@hako/protocols/descriptors';
import { RegoError } from './rego/rego-error.ts';
import type { Json } from './rego/json.ts';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
const service = registry.getService('grpc.AgentService');

/** What a policy decides about: the rule, and what it sees. */
export interface PolicyRequest {
  /** Name of the request's message, which is the name of the rule. */
  readonly rule: string;
  readonly input: Json;
}

/** Rust has no field called `type`. */
function nameOf(name: string): string {
  return name === 'type' ? 'type_' : name;
}

function scalar(value: unknown): Json {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return null;
}

function item(kind: 'scalar' | 'enum' | 'message' | undefined, value: unknown): Json {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- reflection gives messages for message fields
  return kind === 'message' ? messageJson(value as ReflectMessage) : scalar(value);
}

function fieldJson(message: ReflectMessage, field: DescField): Json {
  switch (field.fieldKind) {
    case 'message':
      return message.isSet(field) ? messageJson(message.get(field)) : null;
    case 'list':
      return Array.from(message.get(field), (value) => item(field.listKind, value));
    case 'map':
      return Object.fromEntries(
        Array.from(message.get(field), ([key, value]) => [String(key), item(field.mapKind, value)]),
      );
    case 'scalar':
    case 'enum':
      // What may be left out is null; other fields have their default.
      return field.proto.proto3Optional && !message.isSet(field) ? null : scalar(message.get(field));
  }
}

/**
 * A message in the JSON of Kata's agent: names as in the proto file, enums as numbers, bytes as arrays of numbers, null for
 * messages and optional fields that are not there, a oneof as an object inside a property of its own.
 */
function messageJson(message: ReflectMessage): Json {
  const members = message.members.map((member): readonly [string, Json] => {
    if (member.kind === 'field') return [nameOf(member.name), fieldJson(message, member)];
    const field = message.oneofCase(member);
    return [member.name, field === undefined ? null : { [nameOf(field.name)]: fieldJson(message, field) }];
  });
  return Object.fromEntries(members);
}

const fileTypeMask = 0o170000;
const fileTypes: ReadonlyMap<number, string> = new Map([
  [0o100000, 'Regular'],
  [0o040000, 'Directory'],
  [0o120000, 'Symlink'],
]);

/** What a policy sees of CopyFile: never the data, but where a link leads. */
function copyFileJson(whole: Readonly<Record<string, Json | undefined>>): Json {
  const { data, file_mode: mode, ...rest } = whole;
  const fileType = fileTypes.get(Number(mode) & fileTypeMask) ?? 'Unknown';
  let target: string | null = null;
  if (fileType === 'Symlink' && Array.isArray(data)) {
    try {
      target = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        Uint8Array.from(data, Number),
      );
    } catch {
      throw new RegoError('type', 'the target of the link is no UTF-8');
    }
  }
  return { ...rest, file_mode: mode, file_type: fileType, symlink_target: target };
}

function requestType(method: string): DescMessage {
  const type = service?.methods.find(({ name }) => name === method)?.input;
  if (type === undefined) throw new TypeError(`there is no method ${method}`);
  return type;
}

/**
 * What a policy sees of a request.
 *
 * @param method - name on the wire, such as `CreateContainer`
 * @param encoded - the request as a protobuf message
 * @throws RegoError `type` for a link of CopyFile whose target is no text
 */
export function policyRequestOf(method: string, encoded: Uint8Array): PolicyRequest {
  const type = requestType(method);
  const json = messageJson(reflect(type, fromBinary(type, encoded)));
  const isCopyFile =
    method === 'CopyFile' && json !== null && typeof json === 'object' && !Array.isArray(json);
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- a message is an object
  return { rule: type.name, input: isCopyFile ? copyFileJson(json as Record<string, Json>) : json };
}
