// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import process from 'node:process';

import { enterNamespace, type RunInNamespace } from '../network/namespace/run-in-namespace.ts';
import { runTool } from '../run-tool.ts';

/** A network namespace of the kernel, empty but for the loopback. */
export interface RealNamespace extends AsyncDisposable {
  readonly path: string;
  readonly run: RunInNamespace;
  /** Runs `ip` with words in it. */
  ip(words: string): Promise<string>;
  /** What somebody set in it: links, addresses, routes, neighbours. */
  describe(): Promise<string>;
}

/** Makes a namespace that goes with the block. */
export async function realNamespace(): Promise<RealNamespace> {
  const name = `hako-${process.pid}-${randomBytes(3).toString('hex')}`;
  await runTool('ip', ['netns', 'add', name]);
  const path = `/run/netns/${name}`;
  const run = enterNamespace(path);
  const ip = (words: string): Promise<string> => run(['ip', ...words.split(' ')]);
  return {
    ...{ path, run, ip },
    async describe() {
      const parts = [
        ...[await ip('address'), await ip('route')],
        // Routes of equal rank are in the order of their making.
        ...(await ip('-6 route')).split(/^/m).toSorted(),
        await ip('neighbour show nud permanent'),
      ];
      // Without what moves by itself.
      return parts.join('').replaceAll(/ state \S+| tentative\b|valid_lft .*|<[^>]*>/g, '');
    },
    [Symbol.asyncDispose]: async () => {
      await runTool('ip', ['netns', 'delete', name]);
    },
  };
}

/** Why no namespaces can be made here, for the titles of skipped tests; empty if they can. */
export async function namespaceObstacle(): Promise<string> {
  if (process.getuid?.() !== 0) return ' (skipped: not root)';
  return access('/dev/net/tun').then(
    () => '',
    () => ' (skipped: no /dev/net/tun)',
  );
}

/**
 * Why the kernel makes no links of a kind, for the titles of skipped tests; empty if it does.
 * @param words what `ip link add` is given behind a name; `v0` is one end of a cable
 */
export async function linkObstacle(words: string): Promise<string> {
  const obstacle = await namespaceObstacle();
  if (obstacle !== '') return obstacle;
  await using namespace = await realNamespace();
  await namespace.ip('link add v0 type veth peer name v1');
  return await namespace.ip(`link add probe ${words}`).then(
    () => '',
    () => ` (skipped: the kernel has no such links)`,
  );
}
