// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { namesIn } from './sysfs.ts';

/** The virtio devices behind a transport, a PCI or CCW device: its directories `virtio<N>`. */
export async function virtioChildren(transportDir: string): Promise<readonly string[]> {
  const names = await namesIn(transportDir);
  return names.filter((name) => /^virtio\d+$/.test(name)).map((name) => join(transportDir, name));
}
