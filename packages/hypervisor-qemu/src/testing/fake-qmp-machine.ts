// SPDX-License-Identifier: Apache-2.0
import { FakeQmpServer, type QmpAnswer, type ReceivedQmpCommand } from './fake-qmp-server.ts';

/** What the guest of a {@link FakeQmpMachine} does when it is asked to let go of a device. */
export type FakeGuestManner = 'lets-go' | 'keeps-silent' | 'refuses';

/** Options of {@link FakeQmpMachine}. */
export interface FakeQmpMachineOptions {
  /** Decides about a command before the machine does; `undefined` leaves it to the machine. */
  readonly intercept?: (command: ReceivedQmpCommand, machine: FakeQmpMachine) => QmpAnswer | undefined;
  /** Default `lets-go`. */
  readonly guest?: FakeGuestManner;
  /** CPUs that are there, and places for CPUs. Default 1 of 1. */
  readonly cpus?: { readonly present: number; readonly places: number };
}

type Arguments = Readonly<Record<string, unknown>>;

const done: QmpAnswer = { return: {} };

/** Properties of devices that name what must exist, with the kind of thing it is. */
const references = { drive: 'node', netdev: 'netdev', chardev: 'chardev', memdev: 'object' } as const;
const memoryBase = 0x1_0000_0000;

/**
 * A QMP server with the books of a machine behind it: like QEMU it refuses a second thing of the same name, one that
 * names what is not there, and the removal of what is missing or in use; devices go when the guest lets go of them.
 */
export class FakeQmpMachine {
  readonly server: FakeQmpServer;
  guest: FakeGuestManner;
  readonly #things = new Map<string, Arguments>();
  readonly #leaving = new Set<string>();
  readonly #own: Readonly<Record<string, (command: ReceivedQmpCommand) => QmpAnswer>>;
  readonly #cpus: { readonly present: number; readonly places: number };

  constructor({
    intercept,
    guest = 'lets-go',
    cpus = { present: 1, places: 1 },
  }: FakeQmpMachineOptions = {}) {
    this.guest = guest;
    this.#cpus = cpus;
    this.#own = {
      'blockdev-add': ({ arguments: args }) => this.#add('node', 'node-name', args),
      'blockdev-del': ({ arguments: args }) => this.#remove('node', 'node-name', args),
      'chardev-add': ({ arguments: args }) => this.#add('chardev', 'id', args),
      'chardev-remove': ({ arguments: args }) => this.#remove('chardev', 'id', args),
      getfd: ({ arguments: args }) => this.#add('descriptor', 'fdname', args),
      closefd: ({ arguments: args }) => this.#remove('descriptor', 'fdname', args),
      netdev_add: ({ arguments: args }) => this.#addNetdev(args),
      netdev_del: ({ arguments: args }) => this.#remove('netdev', 'id', args),
      'object-add': ({ arguments: args }) => this.#add('object', 'id', args),
      'object-del': ({ arguments: args }) => this.#remove('object', 'id', args),
      device_add: ({ arguments: args }) => this.#addDevice(args),
      device_del: ({ arguments: args }) => this.#deleteDevice(args),
      'query-hotpluggable-cpus': () => ({ return: this.#cpuPlaces() }),
      'query-memory-devices': () => ({ return: this.#memoryDevices() }),
    };
    const answers = new Proxy(
      {},
      { get: () => (command: ReceivedQmpCommand) => intercept?.(command, this) ?? this.perform(command) },
    );
    this.server = new FakeQmpServer({ answers });
  }

  /** Everything that was added and not removed, such as `node data` and `device virtio-data`. */
  get things(): readonly string[] {
    return [...this.#things.keys()];
  }

  /** Carries a command out and says what QEMU would answer. */
  perform(command: ReceivedQmpCommand): QmpAnswer {
    return this.#own[command.execute]?.(command) ?? done;
  }

  /** The guest lets go of a device now, asked or not. */
  letGo(id: string): void {
    this.#leaving.delete(id);
    this.#things.delete(`device ${id}`);
    this.server.emit('DEVICE_DELETED', { path: `/machine/peripheral/${id}/virtio-backend` });
    this.server.emit('DEVICE_DELETED', { device: id, path: `/machine/peripheral/${id}` });
  }

  #add(kind: string, key: string, args: unknown): QmpAnswer {
    const given = record(args);
    const name = `${kind} ${String(given[key])}`;
    if (this.#things.has(name)) return refusal(`Duplicate ${name}`);
    this.#things.set(name, given);
    return done;
  }

  /** Takes up the descriptors it names: they have no name from then on. */
  #addNetdev(args: unknown): QmpAnswer {
    const { fds } = record(args);
    const names = typeof fds === 'string' ? fds.split(':') : [];
    const missing = names.find((name) => !this.#things.has(`descriptor ${name}`));
    if (missing !== undefined) return refusal(`File descriptor named '${missing}' not found`);
    const answer = this.#add('netdev', 'id', args);
    if ('return' in Object(answer)) for (const name of names) this.#things.delete(`descriptor ${name}`);
    return answer;
  }

  #remove(kind: string, key: string, args: unknown): QmpAnswer {
    const id = record(args)[key];
    const name = `${kind} ${String(id)}`;
    const user = [...this.#things].find(([, given]) =>
      Object.entries(references).some(([property, of]) => of === kind && given[property] === id),
    );
    if (user !== undefined) return refusal(`${name} is in use by ${user[0]}`);
    return this.#things.delete(name) ? done : refusal(`${name} not found`);
  }

  #addDevice(args: unknown): QmpAnswer {
    const given = record(args);
    for (const [property, kind] of Object.entries(references)) {
      const name = `${kind} ${String(given[property])}`;
      if (property in given && !this.#things.has(name)) return refusal(`${name} not found`);
    }
    const place = [...this.#things].find(
      ([, other]) => 'addr' in given && other['bus'] === given['bus'] && other['addr'] === given['addr'],
    );
    if (place !== undefined) return refusal(`slot in use by ${place[0]}`);
    return this.#add('device', 'id', given);
  }

  #deleteDevice(args: unknown): QmpAnswer {
    const id = String(record(args)['id']);
    if (!this.#things.has(`device ${id}`)) return refusal(`Device '${id}' not found`, 'DeviceNotFound');
    if (this.#leaving.has(id)) return refusal(`Device ${id} is already in the process of unplug`);
    if (this.guest === 'refuses') {
      queueMicrotask(() =>
        this.server.emit('ACPI_DEVICE_OST', {
          info: { device: id, source: 3, status: 1, slot: '0', 'slot-type': 'CPU' },
        }),
      );
      return done;
    }
    this.#leaving.add(id);
    if (this.guest === 'lets-go') queueMicrotask(() => this.letGo(id));
    return done;
  }

  #cpuPlaces(): unknown[] {
    const plugged = [...this.#things].filter(([name]) => name.startsWith('device cpu-'));
    return Array.from({ length: this.#cpus.places }, (_, socket) => {
      const owner = plugged.find(([, given]) => given['socket-id'] === socket);
      const path =
        owner === undefined ? undefined : `/machine/peripheral/${owner[0].slice('device '.length)}`;
      const boot = socket < this.#cpus.present ? `/machine/unattached/device[${socket}]` : path;
      const props = { 'socket-id': socket, 'core-id': 0, 'thread-id': 0 };
      return {
        type: 'host-x86_64-cpu',
        'vcpus-count': 1,
        props,
        ...(boot !== undefined && { 'qom-path': boot }),
      };
    }).toReversed();
  }

  #memoryDevices(): unknown[] {
    let addr = memoryBase;
    return [...this.#things.values()].flatMap((given) => {
      if (given['driver'] !== 'pc-dimm' && given['driver'] !== 'virtio-mem-pci') return [];
      const { size } = this.#things.get(`object ${String(given['memdev'])}`) ?? {};
      const data = { id: given['id'], addr, size };
      addr += Number(size);
      return given['driver'] === 'pc-dimm'
        ? [{ type: 'dimm', data }]
        : [{ type: 'virtio-mem', data: { ...data, 'max-size': size } }];
    });
  }
}

function record(value: unknown): Arguments {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function refusal(desc: string, errorClass = 'GenericError'): QmpAnswer {
  return { error: { class: errorClass, desc } };
}
