// SPDX-License-Identifier: Apache-2.0
import { ociProcessToGrpc, ociSpecToGrpc } from '@hako/protocols';

import { UsageError } from '../usage-error.ts';
import type { ApiCommand } from './api-commands.ts';
import { readJson, readText, type CommandArguments } from './command-arguments.ts';
import { specOf } from './container-spec-source.ts';
import { encodeMessage, methodShape } from './message-shape.ts';
import { preparedWords } from './prepared-words.ts';
import { randomId, type RememberedNames } from './remembered-names.ts';
import { wordField, wordValue } from './word-values.ts';

/** How requests are made. */
export interface RequestOptions {
  /** Whether what was not given is filled in. */
  readonly autoValues: boolean;
  /** The directory of `--bundle-dir`. */
  readonly bundleDir: string | undefined;
  readonly names: RememberedNames;
  readonly signal: AbortSignal;
}

/** A request that is ready to be sent. */
export type ReadyRequest =
  | {
      readonly kind: 'message';
      /** Encoded. */
      readonly bytes: Uint8Array;
      /** Fields that replace those of the message, in the form of the generated code. */
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'copy-file'; readonly source: string; readonly destination: string };

type Json = Record<string, unknown>;

const sigkill = 9;

/**
 * Makes the request of a command. A word goes before JSON, JSON before what was named by earlier commands.
 * @param command which one
 * @param given its arguments
 * @param options how
 */
export async function buildRequest(
  command: ApiCommand,
  given: CommandArguments,
  options: RequestOptions,
): Promise<ReadyRequest> {
  const { request: shape } = methodShape(command.service, command.method);
  const json = objectOf((await readJson(given)) ?? {}, command.name);
  const extra = new Map<string, string>();
  if (given.kind === 'words') {
    for (const [name, text] of given.words) {
      if (preparedWords(command).includes(name)) {
        extra.set(name, text);
      } else {
        const field = wordField(shape, name, command.name);
        json[field.name] = wordValue(field, text);
      }
    }
  }
  for (const name of preparedWords(command)) take(json, name, extra);
  if (command.preparation === 'copy-file') {
    return { kind: 'copy-file', source: need(extra, 'src'), destination: need(extra, 'dest') };
  }
  const fields = await prepare(command, json, extra, options);
  if (options.autoValues || command.preparation === 'create-sandbox') fillIn(command, json, shape, options);
  options.names.remember(json['container_id'] ?? json['containerId'], json['exec_id'] ?? json['execId']);
  return { kind: 'message', bytes: encodeMessage(shape, json), fields };
}

function objectOf(value: unknown, command: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UsageError(`${command} is given no JSON object`, 'write json://{"field": value}');
}

/** Names of things on this machine may stand in the JSON, too. */
function take(json: Json, name: string, extra: Map<string, string>): void {
  const value = json[name];
  if (typeof value !== 'string') return;
  if (!extra.has(name)) extra.set(name, value);
  Reflect.deleteProperty(json, name);
}

function need(extra: ReadonlyMap<string, string>, name: string): string {
  const value = extra.get(name);
  if (value !== undefined && value !== '') return value;
  throw new UsageError(
    `CopyFile is given no ${name}`,
    'write CopyFile json://{"src": "FILE", "dest": "PATH"}',
  );
}

async function prepare(
  command: ApiCommand,
  json: Json,
  extra: ReadonlyMap<string, string>,
  { autoValues, bundleDir, signal }: RequestOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const source = {
    image: extra.get('image'),
    spec: extra.get('spec'),
    bundleDir: extra.get('bundle-dir') ?? bundleDir,
  };
  switch (command.preparation) {
    case 'create-container': {
      const id = extra.get('id');
      if (id !== undefined) json['container_id'] ??= id;
      const spec = json['OCI'] === undefined ? await specOf(source, signal) : undefined;
      return spec === undefined ? {} : { OCI: ociSpecToGrpc(spec) };
    }
    case 'exec-process': {
      const spec = json['process'] === undefined ? await specOf(source, signal) : undefined;
      return spec?.process === undefined ? {} : { process: ociProcessToGrpc(spec.process) };
    }
    case 'set-policy': {
      const file = extra.get('policy_file');
      if (file !== undefined) json['policy'] = await readText(file);
      return {};
    }
    case 'guest-details':
      if (autoValues) {
        json['mem_block_size'] ??= true;
        json['mem_hotplug_probe'] ??= true;
      }
      return {};
    case 'signal':
      if (autoValues) json['signal'] ??= sigkill;
      return {};
    default:
      return {};
  }
}

function fillIn(
  command: ApiCommand,
  json: Json,
  shape: { readonly fields: readonly { readonly name: string }[] },
  { names }: RequestOptions,
): void {
  const has = (field: string): boolean => shape.fields.some(({ name }) => name === field);
  const isMissing = (...spellings: readonly string[]): boolean =>
    spellings.every((name) => json[name] === undefined || json[name] === null || json[name] === '');
  if (command.preparation === 'create-sandbox') {
    if (isMissing('sandbox_id', 'sandboxId')) json['sandbox_id'] = randomId();
    return;
  }
  if (has('container_id')) {
    if (isMissing('container_id', 'containerId')) json['container_id'] = names.container;
    else names.remember(json['container_id'] ?? json['containerId'], undefined);
  }
  if (has('exec_id') && isMissing('exec_id', 'execId')) {
    json['exec_id'] = command.preparation === 'create-container' ? names.container : names.process;
  }
}
