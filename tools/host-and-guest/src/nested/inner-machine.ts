// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKataAgent } from '@hako/agent-client';
import { QemuHypervisor } from '@hako/hypervisor-qemu';
import { createVsockDialer } from '@hako/linux';

/** An emulated machine in an emulated machine: everything takes minutes. */
const patienceMs = 900_000;

interface Assets {
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly imagePath: string;
  readonly imageFstype: 'erofs' | 'ext4';
}

/**
 * Runs inside a guest that has `/dev/vhost-vsock`: starts a machine whose agent is on vsock, asks it over the wire, and
 * prints what it says as one line of JSON.
 *
 * @param manifestPath - `current.json` of the guest image builder
 */
async function main(manifestPath: string): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the guest image builder wrote it
  const assets = JSON.parse(await readFile(manifestPath, 'utf8')) as Assets;
  const runDir = await mkdtemp(join(tmpdir(), 'hako-inner-'));
  await chmod(runDir, 0o700);
  const dialVsock = createVsockDialer();
  const hypervisor = new QemuHypervisor({ cacheDir: runDir, dialVsock });
  try {
    await using vm = await hypervisor.createVm({
      id: 'inner',
      runDir,
      kernelPath: assets.kernelPath,
      initrdPath: assets.initrdPath,
      rootImage: { path: assets.imagePath, format: 'raw', fstype: assets.imageFstype },
      kernelParameters: [],
      vcpus: 1,
      memoryMib: 512,
      sharedMemory: false,
      devices: [],
      agentChannel: 'vsock',
      accelerator: 'tcg',
    });
    await vm.start({ timeoutMs: patienceMs });
    process.stderr.write(`inner machine runs, its agent is to be at ${vm.agentAddress}\n`);
    await using agent = createKataAgent({
      dialUrl:
        () =>
        ({ signal }) =>
          vm.openAgentChannel({ signal }),
    });
    agent.load({ url: vm.agentAddress });
    agent.init({ dialTimeoutMs: patienceMs });
    await agent.check({ timeoutMs: patienceMs });
    const { memBlockSizeBytes, agentDetails } = await agent.getGuestDetails({ timeoutMs: patienceMs });
    const told = { url: vm.agentAddress, block: String(memBlockSizeBytes), version: agentDetails?.version };
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } finally {
    await rm(runDir, { recursive: true, force: true });
  }
}

await main(process.argv[2] ?? '');
