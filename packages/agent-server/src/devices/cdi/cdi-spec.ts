// SPDX-License-Identifier: Apache-2.0
import type { OciHook, OciHooks, OciMount } from '@hako/protocols';

/** A device node; numbers that are left out are those of the guest's node. */
export interface CdiDeviceNode {
  /** In the container. */
  readonly path: string;
  /** In the guest. */
  readonly hostPath: string;
  readonly type: string | undefined;
  readonly major: number | undefined;
  readonly minor: number | undefined;
  readonly fileMode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Of the cgroup rule: letters of `rwm`. */
  readonly permissions: string;
}

/** A hook, and when it runs. */
export interface CdiHook extends OciHook {
  readonly stage: keyof OciHooks;
}

/** Changes to a container's specification. */
export interface CdiEdits {
  readonly env: readonly string[];
  readonly deviceNodes: readonly CdiDeviceNode[];
  readonly mounts: readonly OciMount[];
  readonly hooks: readonly CdiHook[];
  readonly additionalGids: readonly number[];
}

/** What a file says about devices of one kind. Source: SPEC.md of the Container Device Interface, 0.3 to 1.1. */
export interface CdiSpec {
  /** `<vendor>/<class>`. */
  readonly kind: string;
  /** Made once for a container, whichever of the devices it has. */
  readonly edits: CdiEdits;
  /** Made for each device, by name. */
  readonly devices: ReadonlyMap<string, CdiEdits>;
}

type Fields = Readonly<Record<string, unknown>>;

const stages = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const satisfies readonly (keyof OciHooks)[];

function wrong(where: string, expected: string): never {
  throw new TypeError(`${where} is not ${expected}`);
}

function fields(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(where, 'an object');
  return Object.fromEntries(Object.entries(value));
}

function list<Value>(
  value: unknown,
  where: string,
  read: (entry: unknown, where: string) => Value,
): readonly Value[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) wrong(where, 'a list');
  return value.map((entry: unknown, index) => read(entry, `${where}[${index}]`));
}

function text(value: unknown, where: string): string {
  return typeof value === 'string' ? value : wrong(where, 'a text');
}

function number(value: unknown, where: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : wrong(where, 'a number');
}

function optional<Value>(
  value: unknown,
  where: string,
  read: (value: unknown, where: string) => Value,
): Value | undefined {
  return value === undefined || value === null ? undefined : read(value, where);
}

function absolutePath(value: unknown, where: string): string {
  const path = text(value, where);
  return path.startsWith('/') ? path : wrong(where, 'an absolute path');
}

function readNode(value: unknown, where: string): CdiDeviceNode {
  const node = fields(value, where);
  const path = absolutePath(node['path'], `${where}.path`);
  const permissions = optional(node['permissions'], `${where}.permissions`, text) ?? 'rwm';
  if (!/^[rwm]{1,3}$/.test(permissions)) wrong(`${where}.permissions`, 'made of r, w and m');
  return {
    path,
    hostPath: optional(node['hostPath'], `${where}.hostPath`, absolutePath) ?? path,
    type: optional(node['type'], `${where}.type`, text),
    major: optional(node['major'], `${where}.major`, number),
    minor: optional(node['minor'], `${where}.minor`, number),
    fileMode: optional(node['fileMode'], `${where}.fileMode`, number),
    uid: optional(node['uid'], `${where}.uid`, number),
    gid: optional(node['gid'], `${where}.gid`, number),
    permissions,
  };
}

function readMount(value: unknown, where: string): OciMount {
  const mount = fields(value, where);
  return {
    destination: absolutePath(mount['containerPath'], `${where}.containerPath`),
    source: text(mount['hostPath'], `${where}.hostPath`),
    type: optional(mount['type'], `${where}.type`, text),
    options: [...list(mount['options'], `${where}.options`, text)],
  };
}

function readHook(value: unknown, where: string): CdiHook {
  const hook = fields(value, where);
  const name = text(hook['hookName'], `${where}.hookName`);
  return {
    stage: stages.find((stage) => stage === name) ?? wrong(`${where}.hookName`, 'the name of a hook'),
    path: absolutePath(hook['path'], `${where}.path`),
    args: [...list(hook['args'], `${where}.args`, text)],
    env: [...list(hook['env'], `${where}.env`, text)],
    timeout: optional(hook['timeout'], `${where}.timeout`, number),
  };
}

function readVariable(value: unknown, where: string): string {
  const variable = text(value, where);
  return variable.indexOf('=') > 0 ? variable : wrong(where, 'NAME=VALUE');
}

function readEdits(value: unknown, where: string): CdiEdits {
  const edits = value === undefined || value === null ? {} : fields(value, where);
  return {
    env: list(edits['env'], `${where}.env`, readVariable),
    deviceNodes: list(edits['deviceNodes'], `${where}.deviceNodes`, readNode),
    mounts: list(edits['mounts'], `${where}.mounts`, readMount),
    hooks: list(edits['hooks'], `${where}.hooks`, readHook),
    additionalGids: list(edits['additionalGids'], `${where}.additionalGids`, number),
  };
}

/**
 * Checks what was read from a file of JSON or YAML.
 *
 * @throws TypeError that names the field
 */
export function readCdiSpec(value: unknown): CdiSpec {
  const spec = fields(value, 'the file');
  text(spec['cdiVersion'], 'cdiVersion');
  const kind = text(spec['kind'], 'kind');
  if (!/^[a-z][\w.-]*\/[a-z][\w.-]*$/i.test(kind)) wrong('kind', '<vendor>/<class>');
  const devices = list(spec['devices'], 'devices', (entry, where) => {
    const device = fields(entry, where);
    const name = text(device['name'], `${where}.name`);
    return [name, readEdits(device['containerEdits'], `${where}.containerEdits`)] as const;
  });
  if (new Set(devices.map(([name]) => name)).size < devices.length)
    wrong('devices', 'a list of different names');
  return { kind, edits: readEdits(spec['containerEdits'], 'containerEdits'), devices: new Map(devices) };
}
