// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as agent from './generated/agent.ts';
import * as csi from './generated/csi.ts';
import * as processIo from './generated/hako/agent/v1/process_io.ts';
import * as sandboxDisks from './generated/hako/owner/v1/sandbox_disks.ts';
import * as sandboxResources from './generated/hako/owner/v1/sandbox_resources.ts';
import * as health from './generated/health.ts';
import * as oci from './generated/oci.ts';
import * as types from './generated/types.ts';

interface Field {
  readonly name: string;
  readonly jsonName: string;
  readonly type: string;
  readonly typeName?: string;
  readonly label: string;
}
interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly Message[];
  readonly options?: { readonly mapEntry?: boolean };
}
interface Codec {
  fromJSON(json: unknown): unknown;
  toJSON(message: never): unknown;
}

const modules: Readonly<Record<string, unknown>> = {
  ...agent,
  ...csi,
  ...health,
  ...oci,
  ...types,
  ...processIo,
  ...sandboxDisks,
  ...sandboxResources,
};

function readMessages(): readonly Message[] {
  const program = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');
  const words = ['build', '-o', '-#format=json', '--exclude-source-info', '--exclude-imports'];
  const cwd = resolve(import.meta.dirname, '../../..');
  const run = spawnSync(process.execPath, [program, ...words], { cwd, encoding: 'utf8' });
  expect(run.status, run.stderr).toBe(0);
  const image = JSON.parse(run.stdout) as { file: { messageType?: Message[] }[] };
  return image.file.flatMap(({ messageType = [] }) => messageType);
}

/** A value in protobuf JSON that is not the field's default. */
function sample(field: Field, message: Message): unknown {
  const entry = message.nestedType?.find(
    ({ name, options }) => options?.mapEntry === true && field.typeName?.endsWith(`.${name}`) === true,
  );
  const [, value] = entry?.field ?? [];
  if (entry !== undefined && value !== undefined) return { key: sample(value, entry) };
  const one = scalar(field.type);
  return field.label === 'LABEL_REPEATED' ? [one] : one;
}

function scalar(type: string): unknown {
  switch (type) {
    case 'TYPE_STRING':
      return 'text';
    case 'TYPE_BYTES':
      return 'AQI=';
    case 'TYPE_BOOL':
      return true;
    case 'TYPE_MESSAGE':
      return {};
    case 'TYPE_ENUM':
      return 1;
    case 'TYPE_INT64':
    case 'TYPE_UINT64':
      return '9007199254740993';
    default:
      return 7;
  }
}

const fields = readMessages().flatMap((message) =>
  (message.field ?? []).map((field) => ({ title: `${message.name}.${field.name}`, message, field })),
);
const twoNames = fields.filter(({ field }) => field.name !== field.jsonName);

describe('protobuf JSON', () => {
  test('knows fields of both kinds', () => {
    expect(fields.length).toBeGreaterThan(300);
    expect(twoNames.length).toBeGreaterThan(80);
  });

  test.each(fields)('$title is read by its JSON name and by its proto name, and nothing is lost', (row) => {
    const { message, field } = row;
    const codec = modules[message.name] as Codec;
    const value = sample(field, message);
    const read = codec.fromJSON({ [field.jsonName]: value });
    expect(codec.fromJSON({ [field.name]: value })).toEqual(read);
    expect(read).not.toEqual(codec.fromJSON({}));
    expect(codec.fromJSON(codec.toJSON(read as never))).toEqual(read);
  });

  test.each(twoNames)('$title is written by its JSON name, lowerCamelCase', ({ message, field }) => {
    const codec = modules[message.name] as Codec;
    const json = codec.toJSON(codec.fromJSON({ [field.name]: sample(field, message) }) as never);
    expect(Object.keys(json as object)).toEqual([field.jsonName]);
  });
});
