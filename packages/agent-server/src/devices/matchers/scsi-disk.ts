// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { AgentError } from '../../errors/agent-error.ts';
import { type BlockDevice, blockDeviceOf } from '../block-device.ts';
import type { DeviceQuery, DeviceTree } from '../device-query.ts';
import { attribute, namesIn, writeAttribute } from '../sysfs.ts';

const addressPattern = /^(\d{1,3}):(\d{1,5})$/;
const maxId = 255;
const maxLun = 16_383;

function parseAddress(text: string): { readonly id: number; readonly lun: number } {
  const match = addressPattern.exec(text);
  const [id, lun] = [Number(match?.[1]), Number(match?.[2])];
  if (id <= maxId && lun <= maxLun) return { id, lun };
  throw new AgentError('invalid_request', `SCSI address ${JSON.stringify(text)} is not <id>:<lun>`, {
    operand: text,
  });
}

/** The numbers of the hosts disks may be plugged into: those of virtio, unless the machine has none of these. */
async function scsiHosts(classDir: string): Promise<readonly string[]> {
  const names = (await namesIn(classDir)).filter((name) => /^host\d+$/.test(name));
  const drivers = await Promise.all(names.map((name) => attribute(join(classDir, name, 'proc_name'))));
  const ofVirtio = names.filter((_name, index) => drivers[index] === 'virtio_scsi');
  return (ofVirtio.length > 0 ? ofVirtio : names).map((name) => name.slice('host'.length));
}

/** A SCSI disk by `<id>:<lun>`. When it is not there the hosts are told to look for it, each once. */
export function scsiDisk(text: string): DeviceQuery<BlockDevice> {
  const { id, lun } = parseAddress(text);
  const scanned = new Set<string>();

  async function findOn(hosts: readonly string[], tree: DeviceTree): Promise<BlockDevice | undefined> {
    for (const host of hosts) {
      const device = join(tree.sysDir, 'bus/scsi/devices', `${host}:0:${id}:${lun}`);
      const found = await blockDeviceOf(tree, device);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  return {
    description: `disk at SCSI address ${text}`,
    subsystems: ['scsi_host', 'block'],
    async find(tree) {
      const classDir = join(tree.sysDir, 'class/scsi_host');
      const hosts = await scsiHosts(classDir);
      const present = await findOn(hosts, tree);
      const unscanned = hosts.filter((host) => !scanned.has(host));
      if (present !== undefined || unscanned.length === 0) return present;
      for (const host of unscanned) {
        scanned.add(host);
        await writeAttribute(join(classDir, `host${host}`, 'scan'), `0 ${id} ${lun}`);
      }
      return await findOn(hosts, tree);
    },
  };
}
