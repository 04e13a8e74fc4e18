// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Uevent, UeventSocket } from '@hako/linux';
import { createGuestDevices, type GuestDevices } from '../devices/guest-devices.ts';
import type { Logger } from '../logging/logger.ts';

/** The devices of a machine that has one CPU, until a test makes more appear as files below a directory. */
export interface FakeDevices extends GuestDevices {
  /** Number of subscriptions to events that are open now. */
  readonly listeners: number;
  /** Called when a device is not there; fulfilled with whether there may be more now. */
  load: () => Promise<boolean>;
  /** Thrown by the next subscription. */
  failure: Error | undefined;
  /**
   * Makes files, then sends an event.
   *
   * @param files - text by path: `sys/class/block/vda/dev`, `dev/vda`
   * @param properties - further ones of the event
   */
  appear(
    subsystem: string,
    files: Readonly<Record<string, string>>,
    properties?: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** A virtio disk on the root bus: slot 5, `vdb`, `254:16`. */
  appearDisk(slot: number, name: string, number: string): Promise<void>;
  /** Tells subscribers that events were lost. */
  overflow(): void;
}

/** What {@link createFakeDevices} takes. */
export interface FakeDevicesOptions {
  readonly logger: Logger;
  /** Limit of every wait, whatever the agent asks for. Default 50. */
  readonly timeoutMs?: number;
  /** Default `x64`. */
  readonly arch?: string;
}

const nothing: Logger['warn'] = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

interface Subscription {
  readonly onOverflow: (() => void) | undefined;
  push(event: Uevent | undefined): void;
}

function subscribe(subscriptions: Set<Subscription>, onOverflow: (() => void) | undefined): UeventSocket {
  const queue: (Uevent | undefined)[] = [];
  let { promise: woken, resolve: wake } = Promise.withResolvers<undefined>();
  const subscription: Subscription = {
    onOverflow,
    push(event) {
      queue.push(event);
      wake(undefined);
    },
  };
  subscriptions.add(subscription);
  const close = () => {
    subscriptions.delete(subscription);
    subscription.push(undefined);
  };
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        await woken;
        ({ promise: woken, resolve: wake } = Promise.withResolvers<undefined>());
        for (const event of queue.splice(0)) {
          if (event === undefined) return;
          yield event;
        }
      }
    },
    close,
    [Symbol.asyncDispose]() {
      close();
      return Promise.resolve();
    },
  };
}

/**
 * {@link FakeDevices} whose trees are `sys` and `dev` below a directory.
 *
 * @param dir - the caller removes it
 */
export function createFakeDevices(dir: string, options: Partial<FakeDevicesOptions> = {}): FakeDevices {
  const { logger = silent, timeoutMs = 50, arch = 'x64' } = options;
  const subscriptions = new Set<Subscription>();
  const tree = { sysDir: join(dir, 'sys'), devDir: join(dir, 'dev') };
  const cpusDir = join(tree.sysDir, 'devices/system/cpu');
  mkdirSync(join(cpusDir, 'cpu0'), { recursive: true });
  writeFileSync(join(cpusDir, 'online'), '0\n');
  const devices = createGuestDevices({
    tree,
    arch,
    logger,
    timeoutMs,
    loadDrivers: () => fake.load(),
    openUevents({ onOverflow }) {
      const { failure } = fake;
      fake.failure = undefined;
      if (failure !== undefined) throw failure;
      return subscribe(subscriptions, onOverflow);
    },
  });
  const fake: FakeDevices = {
    ...devices,
    wait: (query, wait) => devices.wait(query, { ...wait, timeoutMs }),
    get listeners() {
      return subscriptions.size;
    },
    failure: undefined,
    load: () => Promise.resolve(false),
    async appear(subsystem, files, more = {}) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        // As in sysfs nobody sees a file before its text.
        await writeFile(join(dir, '.appearing'), text);
        await rename(join(dir, '.appearing'), join(dir, path));
      }
      const properties = new Map([['SUBSYSTEM', subsystem], ...Object.entries(more)]);
      for (const subscription of subscriptions)
        subscription.push({ action: 'add', devpath: '/devices/fake', properties });
    },
    async appearDisk(slot, name, number) {
      const device = `sys/devices/pci0000:00/0000:00:${slot.toString(16).padStart(2, '0')}.0`;
      const files = { [`dev/${name}`]: '', [`${device}/virtio${slot}/block/${name}/dev`]: `${number}\n` };
      await fake.appear('block', files);
    },
    overflow() {
      for (const { onOverflow } of subscriptions) onOverflow?.();
    },
  };
  return fake;
}
