// SPDX-License-Identifier: Apache-2.0

/** A message of the kernel about a device. */
export interface Uevent {
  /** Such as `add`, `remove`, `change`, `move`, `online`, `bind`. */
  readonly action: string;
  /** Path below `/sys`, beginning with a slash. */
  readonly devpath: string;
  /** All `KEY=value` pairs, `ACTION` and `DEVPATH` included. */
  readonly properties: ReadonlyMap<string, string>;
}

/**
 * Reads one datagram: `action@devpath`, then `KEY=value` pairs, each ended by NUL. Source: lib/kobject_uevent.c of the
 * kernel.
 *
 * @returns `undefined` for anything else, such as udev's own messages.
 */
export function parseUevent(datagram: Uint8Array): Uevent | undefined {
  const [header = '', ...pairs] = Buffer.from(datagram).toString('utf8').split('\0');
  const at = header.indexOf('@');
  if (at <= 0 || header[at + 1] !== '/') return undefined;
  const properties = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals > 0) properties.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return { action: header.slice(0, at), devpath: header.slice(at + 1), properties };
}
