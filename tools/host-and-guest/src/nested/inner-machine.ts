// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKataAgent } from '@hako/agent-client';
import { QemuHypervisor } from '@hako/hypervisor-qemu';
import { createVsockDialer } from '@hako/linux';

/** A machine in an emulated machine takes its time. */
const patience = { timeoutMs: 300_000 };
const machines = ['q35', 'microvm'] as const;

interface Assets {
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly imagePath: string;
  readonly imageFstype: 'erofs' | 'ext4';
}

/** What was seen of a machine. */
export interface InnerMachine {
  readonly machine: (typeof machines)[number];
  /** Where its agent answered. */
  readonly url: string;
  /** Version that the agent has told. */
  readonly version: string;
  /** CPUs that the agent counted: at the start, after one was plugged, after it was taken out. */
  readonly cpus: readonly number[];
}

async function withMachine(
  machine: InnerMachine['machine'],
  assets: Assets,
  cacheDir: string,
): Promise<InnerMachine> {
  const runDir = await mkdtemp(join(tmpdir(), 'hako-inner-'));
  await chmod(runDir, 0o700);
  const dialVsock = createVsockDialer();
  const kvmProbeTimeoutMs = patience.timeoutMs;
  const hypervisor = new QemuHypervisor({ cacheDir, dialVsock, machine, kvmProbeTimeoutMs });
  const canGrow = machine === 'q35';
  try {
    await using vm = await hypervisor.createVm({
      id: 'inner',
      runDir,
      kernelPath: assets.kernelPath,
      initrdPath: assets.initrdPath,
      rootImage: { path: assets.imagePath, format: 'raw', fstype: assets.imageFstype },
      kernelParameters: [],
      vcpus: 1,
      ...(canGrow && { maximumVcpus: 2 }),
      memoryMib: 512,
      sharedMemory: false,
      devices: [],
      agentChannel: 'vsock',
      accelerator: 'kvm',
    });
    await vm.start(patience);
    await using agent = createKataAgent({
      dialUrl:
        () =>
        ({ signal }) =>
          vm.openAgentChannel({ signal }),
    });
    agent.load({ url: vm.agentAddress });
    agent.init({ dialTimeoutMs: patience.timeoutMs });
    await agent.check(patience);
    const countCpus = async (): Promise<number> => {
      const metrics = await agent.getAgentMetrics(patience);
      return new Set(metrics.match(/(?<=kata_guest_cpu_time\{cpu=")\d+/g)).size;
    };
    const cpus = [await countCpus()];
    if (canGrow) {
      await vm.plug({ kind: 'vcpus', id: 'second', count: 1 }, patience);
      await agent.onlineCPUMem(2, true, patience);
      cpus.push(await countCpus());
      await vm.unplug('second', patience);
      cpus.push(await countCpus());
    }
    const { agentDetails } = await agent.getGuestDetails(patience);
    return { machine, url: vm.agentAddress, version: agentDetails?.version ?? '', cpus };
  } finally {
    await rm(runDir, { recursive: true, force: true });
  }
}

/**
 * Runs inside a guest that has `/dev/kvm` and `/dev/vhost-vsock`: starts machines whose agents are on vsock, asks them over
 * the wire, and prints what was seen of each as a line of JSON ({@link InnerMachine}).
 *
 * @param cacheDir - where the guest image builder has put its work, and where the verdict on KVM is kept
 */
async function main(cacheDir: string): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the guest image builder wrote it
  const assets = JSON.parse(await readFile(join(cacheDir, 'guest/current.json'), 'utf8')) as Assets;
  for (const machine of machines)
    process.stdout.write(`${JSON.stringify(await withMachine(machine, assets, cacheDir))}\n`);
}

await main(process.argv[2] ?? '');
