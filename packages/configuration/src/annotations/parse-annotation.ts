// SPDX-License-Identifier: Apache-2.0
import { checkValue } from '../check-value.ts';
import { ConfigurationError } from '../configuration-error.ts';
import type { Configuration } from '../configuration.ts';
import type { ConfigurationValue, KeyRule } from '../keys/key-rule.ts';
import type { AnnotationRule } from './annotation-rules.ts';

/** Reads the text of an annotation as its key's type. Error: `invalid_value`. */
export function parseAnnotation(
  annotation: string,
  text: string,
  rule: AnnotationRule,
  key: KeyRule,
  configuration: Configuration,
): ConfigurationValue {
  const invalid = (expected: string): ConfigurationError =>
    new ConfigurationError('invalid_value', `annotation ${annotation} must be ${expected}`, {
      key: annotation,
    });
  if (text.includes('\0')) throw invalid('without NUL');
  const checked = checkValue(key, decode(text, rule, key, invalid));
  if ('expected' in checked) throw invalid(checked.expected);
  const { value } = checked;
  if (typeof value === 'number' && value < (rule.least ?? -Infinity)) throw invalid(`at least ${rule.least}`);
  if (typeof value === 'string') {
    if (value === '') throw invalid('a text that is not empty');
    if (rule.oneOf !== undefined && !rule.oneOf.includes(value))
      throw invalid(`one of ${rule.oneOf.join(', ')}`);
  }
  if (rule.appends === true && typeof value === 'object')
    return [...configuration.list(rule.section, rule.key), ...value];
  return value;
}

function decode(
  text: string,
  { separator }: AnnotationRule,
  key: KeyRule,
  invalid: (expected: string) => ConfigurationError,
): unknown {
  switch (key.type) {
    case 'text':
      return text;
    case 'switch':
      // The words that Go's strconv.ParseBool takes.
      if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
      if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
      throw invalid('true or false');
    case 'number':
      if (!/^-?\d{1,15}(?:\.\d{1,6})?$/.test(text)) throw invalid('a number');
      return Number(text);
    case 'list':
    case 'tables':
      return separator === undefined
        ? parseJson(text, invalid)
        : text.split(separator).filter((each) => each.trim() !== '');
    default:
      return key satisfies never;
  }
}

function parseJson(text: string, invalid: (expected: string) => ConfigurationError): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('a JSON list of texts');
  }
}
