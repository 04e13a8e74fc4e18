// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** One of two network namespaces that are joined. */
export interface TestNamespace {
  /** As `ip netns` has it. */
  readonly name: string;
  /** Runs a program in it. */
  readonly run: (file: string, ...words: string[]) => Promise<string>;
  /** Links, addresses, routes, neighbours and filters: what has to be the same before and after. */
  describe(): Promise<string>;
}

/** Two network namespaces whose links `eth0` are the ends of one cable. */
export interface NamespacePair extends AsyncDisposable {
  /** Has 10.55.0.1/24 and fd55::1/64. */
  readonly left: TestNamespace;
  /** Has 10.55.0.2/24 and fd55::2/64. */
  readonly right: TestNamespace;
}

/** Makes two namespaces and joins them by a veth pair with an MTU of 1400 bytes. */
export async function namespacePair(): Promise<NamespacePair> {
  const left = testNamespace('left');
  const right = testNamespace('right');
  const remove = async (): Promise<void> => {
    for (const { name } of [left, right])
      await execute('ip', ['netns', 'delete', name]).catch(() => undefined);
  };
  try {
    for (const { name } of [left, right]) await execute('ip', ['netns', 'add', name]);
    const peer = ['peer', 'name', 'eth0', 'netns', right.name];
    await execute('ip', ['link', 'add', 'eth0', 'netns', left.name, 'type', 'veth', ...peer]);
    for (const [{ run }, number] of [
      [left, 1],
      [right, 2],
    ] as const) {
      await run('ip', 'address', 'add', `10.55.0.${number}/24`, 'dev', 'eth0');
      await run('ip', 'address', 'add', `fd55::${number}/64`, 'dev', 'eth0', 'nodad');
      await run('ip', 'link', 'set', 'dev', 'eth0', 'mtu', '1400', 'up');
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { left, right, [Symbol.asyncDispose]: remove };
}

/** Whether the kernel makes links of a kind that share another one, such as ipvlan. */
export async function hasLinkKind(kind: string): Promise<boolean> {
  await using pair = await namespacePair();
  const { run } = pair.left;
  return await run('ip', 'link', 'add', 'probe', 'link', 'eth0', 'type', kind).then(
    () => true,
    () => false,
  );
}

/** Whether the kernel limits how fast links are. */
export async function limitsRates(): Promise<boolean> {
  const probe = 'tc qdisc add dev lo root htb && ip link add type ifb';
  return execute('unshare', ['--net', 'sh', '-c', probe]).then(
    () => true,
    () => false,
  );
}

function testNamespace(side: string): TestNamespace {
  const name = `hako-${process.pid}-${side}`;
  const run = async (file: string, ...words: string[]): Promise<string> =>
    (await execute('nsenter', [`--net=/run/netns/${name}`, '--', file, ...words])).stdout;
  return {
    name,
    run,
    async describe() {
      const parts = await Promise.all([
        // Without what moves by itself: whether there is a carrier, and the kernel's own addresses and neighbours.
        run('ip', '-json', '-4', 'address').then(withoutCarrier),
        run('ip', 'route').then((text) => text.replaceAll(' linkdown', '')),
        run('ip', 'neighbour', 'show', 'nud', 'permanent'),
        run('tc', 'qdisc'),
        run('tc', 'filter', 'show', 'dev', 'eth0', 'ingress').catch(() => ''),
      ]);
      return parts.join('');
    },
  };
}

function withoutCarrier(json: string): string {
  return JSON.stringify(
    JSON.parse(json, (key, value: unknown) => (key === 'flags' || key === 'operstate' ? undefined : value)),
    undefined,
    1,
  );
}
