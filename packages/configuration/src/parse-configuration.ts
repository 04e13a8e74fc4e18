// SPDX-License-Identifier: Apache-2.0
import { parse, TomlError } from 'smol-toml';
import { checkValue } from './check-value.ts';
import { ConfigurationError } from './configuration-error.ts';
import { findLine } from './find-line.ts';
import type { ConfigurationValue, SectionRules } from './keys/key-rule.ts';
import { sectionNames, sections, type SectionName } from './keys/sections.ts';
import { nearestName } from './nearest-name.ts';

/** One key that a file sets. */
export interface FoundValue {
  readonly section: SectionName;
  readonly key: string;
  readonly value: ConfigurationValue;
  /** Counted from 1. */
  readonly line?: number;
}

/**
 * Reads one file's text. Errors: `malformed`, `unknown_key`, `invalid_value`, each with file and line.
 * @param source the text
 * @param file its name, for errors
 */
export function parseConfiguration(source: string, file: string): readonly FoundValue[] {
  const found: FoundValue[] = [];
  for (const [name, table] of tablesOf(parseToml(source, file), source, file)) {
    const section = sectionNames.find((each) => each === name);
    if (section === undefined) throw unknownSection(name, source, file);
    const rules: SectionRules = sections[section];
    for (const [key, value] of Object.entries(table)) {
      const line = findLine(source, section, key);
      const place = { file, ...(line === undefined ? {} : { line }), key: `${section}.${key}` };
      const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
      if (rule === undefined) {
        const near = nearestName(key, Object.keys(rules));
        throw new ConfigurationError('unknown_key', `unknown key ${JSON.stringify(key)} in [${section}]`, {
          ...place,
          remedy: near === undefined ? 'see `hako config schema`' : `write ${near}`,
        });
      }
      const checked = checkValue(rule, value);
      if ('expected' in checked) {
        throw new ConfigurationError('invalid_value', `${section}.${key} must be ${checked.expected}`, place);
      }
      found.push({ section, key, value: checked.value, ...(line === undefined ? {} : { line }) });
    }
  }
  return found;
}

function parseToml(source: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return parse(source);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [reason = ''] = cause.message.split('\n');
    throw new ConfigurationError('malformed', reason, { file, line: cause.line, cause });
  }
}

/** The tables that hold keys: `hypervisor` and `agent` have one for each kind, the others are one. */
function* tablesOf(
  document: Readonly<Record<string, unknown>>,
  source: string,
  file: string,
): Generator<readonly [string, Readonly<Record<string, unknown>>]> {
  for (const [name, table] of Object.entries(document)) {
    if (!isTable(table)) throw unknownSection(name, source, file);
    if (name !== 'hypervisor' && name !== 'agent') yield [name, table];
    else {
      for (const [kind, inner] of Object.entries(table)) {
        if (!isTable(inner)) throw unknownSection(`${name}.${kind}`, source, file);
        yield [`${name}.${kind}`, inner];
      }
    }
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function unknownSection(name: string, source: string, file: string): ConfigurationError {
  const line = findLine(source, name);
  const near = nearestName(name, sectionNames);
  return new ConfigurationError('unknown_key', `unknown section [${name}]`, {
    file,
    ...(line === undefined ? {} : { line }),
    key: name,
    remedy:
      near === undefined ? `use ${sectionNames.map((each) => `[${each}]`).join(', ')}` : `write [${near}]`,
  });
}
