// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';

import { UsageError } from '../usage-error.ts';
import { fieldOf, isBytes } from './message-shape.ts';
import { namesRemedy } from './nearest-name.ts';

/** Short names of agent-ctl for fields that every request spells out. */
const shortNames: Readonly<Record<string, string>> = { cid: 'container_id', sec: 'Sec', usec: 'Usec' };

/**
 * The field of a request that a word names; `cid` is `container_id`. Only fields with a plain value can be given as words.
 * @param shape the request
 * @param name what stands before the `=`
 * @param command the command, for the error
 */
export function wordField(shape: DescMessage, name: string, command: string): DescField {
  const full = shape.fields.some((field) => field.name === name) ? name : (shortNames[name] ?? name);
  const field = fieldOf(shape, full, command);
  if (isPlain(field)) return field;
  throw new UsageError(
    `${command} takes ${name} in JSON only`,
    `write ${command} json://{"${field.name}": …}`,
  );
}

/** Names of the words that a request takes. */
export function wordNames(shape: DescMessage): readonly string[] {
  return shape.fields
    .filter(isPlain)
    .map(({ name }) => Object.entries(shortNames).find(([, full]) => full === name)?.[0] ?? name);
}

function isPlain(field: DescField): boolean {
  return (
    field.fieldKind === 'scalar' ||
    field.fieldKind === 'enum' ||
    (field.fieldKind === 'list' && field.listKind !== 'message')
  );
}

/**
 * The JSON value of a word: text as it is, `true` and `false`, numbers, `hex:<digits>` or text for bytes, commas between the
 * items of a list. Signals have names, and addresses of memory are hexadecimal.
 * @param field the field
 * @param text what stands behind the `=`
 */
export function wordValue(field: DescField, text: string): unknown {
  if (field.name === 'signal') return signalNumber(text);
  if (field.name === 'memHotplugProbeAddr') return text.split(',').map(hexNumber);
  if (field.fieldKind === 'list')
    return text === '' ? [] : text.split(',').map((item) => plainValue(field, item));
  return isBytes(field) ? bytesValue(text) : plainValue(field, text);
}

function plainValue(field: DescField, text: string): unknown {
  const isBool = field.fieldKind === 'scalar' && field.scalar === ScalarType.BOOL;
  if (!isBool) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new UsageError(`${field.name} is neither true nor false: ${text}`, `write ${field.name}=true`);
}

function bytesValue(text: string): string {
  if (!text.startsWith('hex:')) return Buffer.from(text).toString('base64');
  const digits = text.slice('hex:'.length);
  if (/^(?:[\da-f]{2})*$/i.test(digits)) return Buffer.from(digits, 'hex').toString('base64');
  throw new UsageError(`not pairs of hexadecimal digits: ${digits}`, 'write hex: and two digits per byte');
}

function hexNumber(text: string): string {
  const digits = text.replace(/^0x/i, '');
  if (/^[\da-f]{1,16}$/i.test(digits)) return BigInt(`0x${digits}`).toString();
  throw new UsageError(`not a hexadecimal address: ${text}`, 'write addresses such as 0x100000000');
}

const maxSignal = 31;
const maxByte = 255;

/**
 * The number of a signal given as a number, a short name in any case, or a long name in capitals.
 * @param text as it was typed
 */
export function signalNumber(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= maxByte) return Number(text);
  const known = Object.entries(constants.signals).filter(([, number]) => number <= maxSignal);
  const name = text.startsWith('SIG') ? text : `SIG${text.toUpperCase()}`;
  const found = known.find(([it]) => it === name);
  if (found !== undefined) return found[1];
  throw new UsageError(
    `no signal ${text}`,
    namesRemedy(
      text,
      known.map(([it]) => it.slice('SIG'.length).toLowerCase()),
    ),
  );
}
