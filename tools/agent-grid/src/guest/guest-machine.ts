// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestMachine } from '@hako/agent-server/testing';
import type { RunningGuest } from './running-guest.ts';

const bytesPerMib = 1024 * 1024;

async function writeEmptyDisk(path: string, sizeMib: number): Promise<string> {
  await using file = await open(path, 'wx');
  await file.truncate(sizeMib * bytesPerMib);
  return path;
}

/** The machine around a guest's agent. Files of its disks lie in its own directory. */
export function guestMachine({ vm, shell, runDir }: RunningGuest): TestMachine {
  let devices = 0;
  const nextId = (kind: string): string => {
    devices += 1;
    return `${kind}${devices}`;
  };
  return {
    run: (script) => shell(script),
    async plugDisk({ sizeMib, driver, serial, imagePath }) {
      const id = nextId('disk');
      const path = imagePath ?? (await writeEmptyDisk(join(runDir, `${id}.img`), sizeMib));
      const { address } = await vm.plug({
        kind: 'block',
        id,
        path,
        readOnly: false,
        driver,
        ...(serial !== undefined && { serial }),
      });
      return { ...address, unplug: () => vm.unplug(id) };
    },
    async plugNic({ mac }) {
      const id = nextId('nic');
      const backend = { kind: 'user', isolated: true } as const;
      const { address } = await vm.plug({ kind: 'network', id, mac, backend });
      return { ...address, unplug: () => vm.unplug(id) };
    },
    async plugCpus(count) {
      return (await vm.plug({ kind: 'vcpus', id: nextId('cpus'), count })).address;
    },
    async plugMemory({ sizeMib }) {
      return (await vm.plug({ kind: 'memory', id: nextId('memory'), sizeMib })).address;
    },
  };
}
