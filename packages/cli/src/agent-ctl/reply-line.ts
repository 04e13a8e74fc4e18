// SPDX-License-Identifier: Apache-2.0
import type { JsonValue } from '@bufbuild/protobuf';

import type { ApiCommand } from './api-commands.ts';

/**
 * A reply as a line of JSON, in the manner of agent-ctl. Bytes that are text are shown as text as well.
 * @param command what was called
 * @param reply the answer
 * @param now the time
 */
export function replyLine({ name, service, method }: ApiCommand, reply: JsonValue, now: Date): string {
  const text = textOf(reply);
  const line = {
    msg: 'response received',
    level: 'INFO',
    ts: now.toISOString(),
    name: 'hako-agent-ctl',
    command: name,
    api: `${service}/${method}`,
    response: reply,
    ...(text === undefined ? {} : { text }),
  };
  return `${visible(JSON.stringify(line))}\n`;
}

function textOf(reply: JsonValue): string | undefined {
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) return undefined;
  const { data } = reply;
  if (typeof data !== 'string' || !/^[A-Za-z\d+/]+={0,2}$/.test(data) || data.length % 4 !== 0)
    return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64'));
  } catch {
    // Bytes that are no text are shown as bytes only.
    return undefined;
  }
}

/** JSON leaves format characters as they are, which could move the cursor or hide words. */
function visible(json: string): string {
  return json.replaceAll(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
