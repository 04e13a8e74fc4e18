// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { GuestNode } from './device-number.ts';
import { readNode } from './device-number.ts';
import { namesIn } from './sysfs.ts';

/** A node under its path in the container. */
export interface NodeAt extends GuestNode {
  readonly path: string;
}

/** The character devices of the guest's InfiniBand stack, which those who use a network card by VFIO need beside it. */
export async function infinibandNodes(devDir: string): Promise<readonly NodeAt[]> {
  const dir = join(devDir, 'infiniband');
  const names = await namesIn(dir);
  const nodes = await Promise.all(
    names.map(async (name) => ({
      path: join('/dev/infiniband', name),
      ...(await readNode(join(dir, name))),
    })),
  );
  return nodes.filter(({ type }) => type === 'c');
}
