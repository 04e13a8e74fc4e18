// SPDX-License-Identifier: Apache-2.0
import type { RunInNamespace } from '../network/namespace/run-in-namespace.ts';

/** How a {@link FakeNamespace} differs from one with a single veth link. */
export interface FakeNamespaceOptions {
  /** Entries of `ip address`, instead of one veth link `eth0`. */
  readonly links?: readonly object[];
  /** Entries of `ip route`; default: none. */
  readonly routes?: readonly object[];
  /** Called before each command; what it throws is the command's failure. */
  readonly before?: (command: string) => void | Promise<void>;
}

const veth = {
  ifindex: 2,
  ifname: 'eth0',
  flags: ['UP'],
  mtu: 1400,
  link_type: 'ether',
  address: '02:42:ac:11:00:02',
  linkinfo: { info_kind: 'veth' },
  addr_info: [{ family: 'inet', local: '10.1.0.1', prefixlen: 24 }],
};

/** Scripts are told by what they do; marks, numbers and addresses that are drawn are left out. */
function commandText(words: readonly string[]): string {
  if (words[0] === 'sh') return words[2]?.includes('restore') === true ? 'restore' : `save ${words[4]}`;
  const text = words.join(' ').replace(/ cookie [0-9a-f]+$/, '');
  return text
    .replace(/ index \d+/, '')
    .replace(/ (handle|parent|classid) (?!ffff:)[0-9a-f]+:/g, ' $1 M:')
    .replace(/(set dev eth\d address) \S+$/, '$1 PRIVATE');
}

/** A network namespace in memory that knows the commands a sandbox uses. */
export class FakeNamespace {
  /** All commands that change something, in order, without the marks of filters. */
  readonly changes: string[] = [];
  /** Cookies of the filters at the ingress of each link that has one. */
  readonly ingress = new Map<string, (string | undefined)[]>();
  /** Number of the queue at the root of each device that somebody has given one. */
  readonly queues = new Map<string, string>();
  readonly #ifbs = new Map<string, number>();
  readonly #options: FakeNamespaceOptions;

  constructor(options: FakeNamespaceOptions = {}) {
    this.#options = options;
  }

  /** To be given as what runs in the namespace. */
  readonly run: RunInNamespace = async (words, { signal } = {}) => {
    signal?.throwIfAborted();
    const [tool, ...rest] = words;
    const command = commandText(words);
    await this.#options.before?.(command);
    if (rest[0] === '-json') return JSON.stringify(this.#show(tool, rest.slice(1)));
    // What happens in another namespace.
    if (tool === 'unshare') return '';
    this.changes.push(command);
    if (tool === 'tc') this.#change(rest);
    else if (rest.at(-1) === 'ifb') this.#ifbs.set(rest[3] ?? '', Number(rest[5]));
    else if (rest[1] === 'del') this.#ifbs.delete(rest[3] ?? '');
    return '';
  };

  #show(tool: string, words: readonly string[]): readonly unknown[] {
    const subject = words.find((word) => ['address', 'route', 'neighbour', 'qdisc', 'filter'].includes(word));
    switch (`${tool} ${subject}`) {
      case 'ip address':
        return [...(this.#options.links ?? [veth]), ...this.#ifbLinks()];
      case 'ip route':
        return words.includes('-6') ? [] : (this.#options.routes ?? []);
      case 'tc qdisc':
        return [
          ...[...this.ingress.keys()].map((dev) => ({ kind: 'ingress', handle: 'ffff:', dev })),
          ...[...this.queues].map(([dev, handle]) => ({ kind: 'htb', root: true, handle, dev })),
        ];
      case 'tc filter':
        return (this.ingress.get(words[3] ?? '') ?? []).map((cookie) => ({
          options: { actions: [{ cookie }] },
        }));
      default:
        return [];
    }
  }

  #ifbLinks(): readonly object[] {
    return [...this.#ifbs].map(([ifname, ifindex]) => ({
      ...{ ifname, ifindex, flags: [], mtu: 1500, link_type: 'ether', addr_info: [] },
      linkinfo: { info_kind: 'ifb' },
    }));
  }

  #change(words: readonly string[]): void {
    const [subject, verb, , dev = '', place, , handle = ''] = words;
    if (place !== 'root' && subject !== 'class') this.#changeIngress(words);
    else if (verb === 'del') this.queues.delete(dev);
    else if (place !== 'root') {
      if (!this.queues.has(dev)) throw new Error(`Cannot find specified qdisc on ${dev}`);
    } else if (this.queues.has(dev)) throw new Error('Exclusivity flag on, cannot modify');
    else this.queues.set(dev, handle);
  }

  #changeIngress([subject, verb, , dev = '', ...rest]: readonly string[]): void {
    const filters = this.ingress.get(dev);
    if (subject === 'qdisc' && verb === 'add') {
      if (filters !== undefined) throw new Error('Exclusivity flag on, cannot modify');
      this.ingress.set(dev, []);
    } else if (filters === undefined) {
      throw new Error(`Cannot find specified qdisc on ${dev}`);
    } else if (subject === 'qdisc') {
      this.ingress.delete(dev);
    } else {
      filters.push(rest.at(-1));
    }
  }
}
