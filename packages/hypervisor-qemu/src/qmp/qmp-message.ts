// SPDX-License-Identifier: Apache-2.0
import type { QmpEvents } from './generated/qmp-types.ts';
import { QmpError } from './qmp-error.ts';

/** An event in the words of QEMU's schema. Events the driver does not know are not delivered. */
export type QmpEvent<Name extends keyof QmpEvents = keyof QmpEvents> = {
  readonly [Each in Name]: { readonly event: Each; readonly data: QmpEvents[Each] };
}[Name];

/** One line of the monitor, told apart. Framing as in QEMU's docs/interop/qmp-spec. */
export type QmpMessage =
  | { readonly kind: 'greeting'; readonly major: number; readonly minor: number }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly qemuClass: string; readonly description: string }
  | { readonly kind: 'event'; readonly name: string; readonly data: unknown };

/** @throws QmpError `protocol_violation` if the line is none of the four kinds of message */
export function parseQmpMessage(line: string): QmpMessage {
  const message = parseObject(line);
  if (typeof message['event'] === 'string') {
    return { kind: 'event', name: message['event'], data: message['data'] ?? {} };
  }
  if ('return' in message) return { kind: 'return', id: message['id'], value: message['return'] };
  if (isObject(message['error'])) {
    const { class: qemuClass, desc } = message['error'];
    return { kind: 'error', id: message['id'], qemuClass: String(qemuClass), description: String(desc) };
  }
  if (isObject(message['QMP'])) return parseGreeting(message['QMP']);
  throw new QmpError(
    'protocol_violation',
    `monitor sent an unknown message ${JSON.stringify(line.slice(0, 80))}`,
  );
}

function parseGreeting(qmp: Record<string, unknown>): QmpMessage {
  const version = isObject(qmp['version']) ? qmp['version']['qemu'] : undefined;
  if (isObject(version) && typeof version['major'] === 'number' && typeof version['minor'] === 'number') {
    return { kind: 'greeting', major: version['major'], minor: version['minor'] };
  }
  throw new QmpError('protocol_violation', 'monitor greeting names no version');
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new QmpError('protocol_violation', `monitor sent ${JSON.stringify(line.slice(0, 80))}, not JSON`, {
      cause,
    });
  }
  if (isObject(value)) return value;
  throw new QmpError(
    'protocol_violation',
    `monitor sent ${JSON.stringify(line.slice(0, 80))}, not an object`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
