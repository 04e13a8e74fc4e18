// SPDX-License-Identifier: Apache-2.0
import { fromJson, jsonText, toJson } from '../json.ts';
import { parseJson } from '../parse-json.ts';
import { applyPatch } from '../json-patch.ts';
import type { RegoValue } from '../value.ts';
import { any, array, binary, type BuiltinTable, text, unary } from './builtin.ts';

/** The bytes of an encoded text; undefined for a text that encodes none. */
function decode(value: string, encoding: 'base64' | 'base64url' | 'hex'): Buffer | undefined {
  // Node skips what it does not know; so the text is compared with the one way to write what was found.
  const bytes = Buffer.from(value, encoding);
  const essence = (text: string) => (encoding === 'hex' ? text.toLowerCase() : text.replace(/={0,2}$/, ''));
  return essence(bytes.toString(encoding)) === essence(value) ? bytes : undefined;
}

/** The text of bytes, if they are UTF-8. */
function decodeText(value: string, encoding: 'base64' | 'base64url' | 'hex'): string | undefined {
  const bytes = decode(value, encoding);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function unmarshal(value: string): RegoValue | undefined {
  try {
    return fromJson(parseJson(value));
  } catch {
    return undefined;
  }
}

/** Functions that translate between values and texts. */
export const encodingBuiltins: BuiltinTable = {
  'json.marshal': unary(any, (value) => jsonText(toJson(value))),
  'json.unmarshal': unary(text, unmarshal),
  'json.is_valid': unary(text, (value) => unmarshal(value) !== undefined),
  'json.patch': binary(any, array, (value, operations) => {
    try {
      return fromJson(applyPatch(toJson(value), toJson(operations)));
    } catch {
      return undefined;
    }
  }),
  'base64.encode': unary(text, (value) => Buffer.from(value).toString('base64')),
  'base64.decode': unary(text, (value) => decodeText(value, 'base64')),
  'base64.is_valid': unary(text, (value) => decode(value, 'base64') !== undefined),
  'base64url.encode': unary(text, (value) => {
    const encoded = Buffer.from(value).toString('base64url');
    return encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=');
  }),
  'base64url.encode_no_pad': unary(text, (value) => Buffer.from(value).toString('base64url')),
  'base64url.decode': unary(text, (value) => decodeText(value, 'base64url')),
  'hex.encode': unary(text, (value) => Buffer.from(value).toString('hex')),
  'hex.decode': unary(text, (value) => decodeText(value, 'hex')),
};
