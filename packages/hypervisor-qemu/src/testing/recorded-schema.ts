// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { ReceivedQmpCommand } from './fake-qmp-server.ts';

interface Member {
  readonly name: string;
  readonly type: string;
  /** Present, often null, if the member may be left out. */
  readonly default?: unknown;
}

interface Entity {
  readonly name: string;
  readonly 'meta-type': string;
  readonly 'json-type'?: string;
  readonly 'arg-type'?: string;
  readonly 'element-type'?: string;
  readonly members?: readonly Member[];
  readonly values?: readonly string[];
  readonly tag?: string;
  readonly variants?: readonly { readonly case: string; readonly type: string }[];
}

interface Schema {
  readonly entities: readonly Entity[];
  readonly devices: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
}

/** Judges commands by what a real QEMU said about itself; see tools/record-qmp-schema.mjs. */
export class RecordedSchema {
  readonly #entities: ReadonlyMap<string, Entity>;
  readonly #devices: Schema['devices'];

  private constructor({ entities, devices }: Schema) {
    this.#entities = new Map(entities.map((entity) => [entity.name, entity]));
    this.#devices = devices;
  }

  static async load(): Promise<RecordedSchema> {
    const path = new URL('../../tools/qmp-schema.json', import.meta.url);
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- a recording of our own tool
    return new RecordedSchema(JSON.parse(await readFile(path, 'utf8')) as Schema);
  }

  /** What QEMU would object to, one line per objection. */
  objections({ execute, arguments: args = {} }: ReceivedQmpCommand): readonly string[] {
    const command = this.#entities.get(execute);
    if (command?.['meta-type'] !== 'command') return [`${execute}: no such command`];
    if (execute === 'device_add') return this.#deviceObjections(args);
    return this.#check(args, command['arg-type'] ?? '', execute);
  }

  /** The properties of a CPU depend on its model, so only those of other devices are known. */
  #deviceObjections(args: unknown): readonly string[] {
    const { driver, ...others } = fieldsOf(args);
    const properties = Object.entries(others).filter(([name]) => name !== 'id' && name !== 'bus');
    const known = this.#devices[String(driver)];
    if (known === undefined)
      return String(driver).endsWith('-cpu') ? [] : [`device_add: no driver ${String(driver)}`];
    return properties.flatMap(([name, value]) => {
      const property = known.find((entry) => entry.name === name);
      if (property === undefined) return [`device_add: ${String(driver)} has no ${name}`];
      return fitsProperty(property.type, name, value) ? [] : [`device_add: ${name} is no ${property.type}`];
    });
  }

  #check(value: unknown, type: string, where: string): readonly string[] {
    const entity = this.#entities.get(type);
    switch (entity?.['meta-type']) {
      case 'builtin':
        return fitsBuiltin(entity['json-type'], value)
          ? []
          : [`${where} is no ${entity['json-type'] ?? type}`];
      case 'enum':
        return entity.values?.includes(String(value)) === true ? [] : [`${where} cannot be ${String(value)}`];
      case 'array':
        return Array.isArray(value)
          ? value.flatMap((item, index) =>
              this.#check(item, entity['element-type'] ?? '', `${where}[${index}]`),
            )
          : [`${where} is no array`];
      case 'alternate': {
        const tries = (entity.members ?? []).map((member) => this.#check(value, member.type, where));
        return tries.find((found) => found.length === 0) ?? tries.flat();
      }
      case 'object':
        return this.#checkObject(fieldsOf(value), entity, where);
      default:
        return [`${where}: no type ${type}`];
    }
  }

  #checkObject(value: Readonly<Record<string, unknown>>, entity: Entity, where: string): readonly string[] {
    const variant = entity.variants?.find((entry) => entry.case === value[entity.tag ?? '']);
    const members = [...(entity.members ?? []), ...(this.#entities.get(variant?.type ?? '')?.members ?? [])];
    const missing = members
      .filter((member) => !('default' in member) && !(member.name in value))
      .map((member) => `${where} lacks ${member.name}`);
    const wrong = Object.entries(value).flatMap(([name, item]) => {
      const member = members.find((entry) => entry.name === name);
      return member === undefined
        ? [`${where} has no ${name}`]
        : this.#check(item, member.type, `${where}.${name}`);
    });
    return [...missing, ...wrong];
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function fitsBuiltin(jsonType: string | undefined, value: unknown): boolean {
  if (jsonType === 'value') return true;
  if (jsonType === 'null') return value === null;
  return jsonType === 'int' ? Number.isInteger(value) : typeof value === jsonType;
}

function fitsProperty(type: string, name: string, value: unknown): boolean {
  if (type === 'bool') return typeof value === 'boolean';
  // QEMU reads a PCI address as text although it calls it a number.
  if (type === 'str' || type.startsWith('link<') || name === 'addr') return typeof value === 'string';
  return type === 'OnOffAuto' ? ['on', 'off', 'auto'].includes(String(value)) : Number.isInteger(value);
}
