// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backends } from './testing/backends.ts';
import { parseUevent } from './uevent.ts';
import { openUeventSocket } from './uevent-socket.ts';

const add =
  'add@/devices/pci0000:00/0000:00:02.0/virtio1/block/vda\0ACTION=add\0DEVPATH=/devices/pci0000:00/0000:00:02.0/virtio1/block/vda\0SUBSYSTEM=block\0EMPTY=\0NAME=a=b\0';

test('a datagram of the kernel is read field by field', () => {
  const event = parseUevent(Buffer.from(add));
  expect(event).toMatchObject({
    action: 'add',
    devpath: '/devices/pci0000:00/0000:00:02.0/virtio1/block/vda',
  });
  expect(Object.fromEntries(event!.properties)).toMatchObject({ SUBSYSTEM: 'block', EMPTY: '', NAME: 'a=b' });
});

test.each(['', 'libudev\0\xfe', '@/devices', 'add', 'add@devices', '\0\0\0'])(
  '%j is no event of the kernel',
  (text) => {
    expect(parseUevent(Buffer.from(text, 'latin1'))).toBeUndefined();
  },
);

test('a datagram cut anywhere never throws', () => {
  for (let length = 0; length < add.length; length++) parseUevent(Buffer.from(add.slice(0, length)));
  expect(parseUevent(Buffer.from(add.slice(0, 30)))?.action).toBe('add');
});

const trigger = '/sys/class/mem/null/uevent';
const reason = process.getuid?.() !== 0 ? 'needs root' : existsSync(trigger) ? undefined : 'needs sysfs';

describe.each(backends)('uevents through $title', ({ missing, load }) => {
  test.skipIf(missing || reason !== undefined)(
    `events of the kernel arrive, and closing ends the iteration${reason ? ` (skipped: ${reason})` : ''}`,
    async () => {
      await using socket = openUeventSocket({}, load());
      const seen: string[] = [];
      writeFileSync(trigger, 'change');
      for await (const { action, devpath, properties } of socket) {
        if (properties.get('DEVNAME') !== 'null') continue;
        seen.push(`${action} ${devpath}`);
        if (seen.length === 2) socket.close();
        else setImmediate(() => writeFileSync(trigger, 'change'));
      }
      expect(seen).toEqual(['change /devices/virtual/mem/null', 'change /devices/virtual/mem/null']);
    },
  );

  test.skipIf(missing || reason !== undefined)(
    `a full buffer is reported, and later events still arrive${reason ? ` (skipped: ${reason})` : ''}`,
    async () => {
      let overflows = 0;
      await using socket = openUeventSocket(
        { receiveBufferBytes: 4096, onOverflow: () => overflows++ },
        load(),
      );
      for (let count = 0; count < 100; count++) writeFileSync(trigger, 'change');
      for await (const { action } of socket) {
        expect(action).not.toBe('');
        if (overflows > 0) socket.close();
        else writeFileSync(trigger, 'change');
      }
      expect(overflows).toBeGreaterThan(0);
    },
  );
});
