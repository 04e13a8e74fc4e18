// SPDX-License-Identifier: Apache-2.0
import { effectOf, type Effect } from './effect.ts';
import type { KeyRule, SectionRules } from './keys/key-rule.ts';
import { sectionNames, sections, type SectionName } from './keys/sections.ts';

type Schema = Readonly<Record<string, unknown>>;

/** The file's JSON schema (draft 2020-12), for editors that check TOML by one. */
export function configurationSchema(): Schema {
  const properties: Record<string, Schema> = {};
  for (const name of sectionNames) {
    const [outer = name, inner] = name.split('.');
    const section = sectionSchema(name);
    properties[outer] = inner === undefined ? section : objectOf({ [inner]: section });
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'configuration.toml of Kata Containers, as Hako reads it',
    ...objectOf(properties),
  };
}

function sectionSchema(section: SectionName): Schema {
  const rules: SectionRules = sections[section];
  return objectOf(
    Object.fromEntries(
      Object.entries(rules).map(([key, rule]) => [key, keySchema(rule, effectOf({ section, key, rule }))]),
    ),
  );
}

function objectOf(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', additionalProperties: false, properties };
}

function effectNote(effect: Effect): string {
  if (effect.kind === 'driven') return '';
  return ` (${effect.kind === 'refused' ? 'not supported' : 'without effect'}: ${effect.reason})`;
}

function keySchema(rule: KeyRule, effect: Effect): Schema {
  const common = { description: `${rule.meaning}${effectNote(effect)}`, default: rule.missing };
  switch (rule.type) {
    case 'text':
      return { ...common, type: 'string', ...(rule.oneOf === undefined ? {} : { enum: rule.oneOf }) };
    case 'switch':
      return { ...common, type: 'boolean' };
    case 'number':
      return {
        ...common,
        type: rule.fractions === true ? 'number' : 'integer',
        ...(rule.least === undefined ? {} : { minimum: rule.least }),
        ...(rule.most === undefined ? {} : { maximum: rule.most }),
      };
    case 'list':
      return { ...common, type: 'array', items: { type: 'string' } };
    case 'tables':
      return { ...common, type: 'array', items: { type: 'object' } };
    default:
      return rule satisfies never;
  }
}
