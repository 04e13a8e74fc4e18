// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { openTestConnection, type TestConnection } from '@hako/agent-server/testing';
import type { VirtualMachine, VmConfig } from '@hako/hypervisor';
import { QemuHypervisor } from '@hako/hypervisor-qemu';
import { createChannel, createProxy, type Proxy } from '@hako/ttrpc';
import type { GuestFiles } from './guest-files.ts';
import { connectGuestShell, type GuestShell, shellPortName } from './guest-shell.ts';
import { keepConsole } from './kept-consoles.ts';
import { testInitrdWords } from './test-initrd.ts';

/** How a machine comes to life. */
export interface GuestRequest {
  readonly files: GuestFiles;
  /** Where the console log is kept, and as what. */
  readonly consolesDir: string;
  readonly name: string;
  /** Further words of the kernel command line. */
  readonly kernelWords?: readonly string[];
  /** Names of further virtio-serial ports, each a socket in the machine's directory: `NAME.sock`. */
  readonly ports?: readonly string[];
  /** Directory of a snapshot to start from, instead of booting. */
  readonly restoreFrom?: string;
}

/** A machine whose agent answers. Disposing ends the machine, keeps its console and removes its files. */
export interface RunningGuest extends AsyncDisposable {
  readonly vm: VirtualMachine;
  /** Directory of its files; goes with it. */
  readonly runDir: string;
  /** Runs a script in the agent's namespaces and root directory. */
  readonly shell: GuestShell['run'];
  /** One more connection to the agent. */
  stream(): Duplex;
  /** One more client of the agent. */
  connect(): TestConnection;
  /** Writes the machine as it is into a directory, and leaves this one without its agent. */
  save(directory: string): Promise<void>;
}

/** As a sandbox has them by default, with room for hotplug. */
const size = { vcpus: 1, maximumVcpus: 4, memoryMib: 512, maximumMemoryMib: 2048 };
const bootTimeoutMs = 120_000;

async function createRunDirectory(parent: string): Promise<string> {
  const path = await mkdtemp(join(parent, 'vm-'));
  await chmod(path, 0o700);
  return path;
}

function configOf(
  { files, kernelWords = [], ports = [], restoreFrom }: GuestRequest,
  runDir: string,
): VmConfig {
  return {
    id: 'grid',
    runDir,
    kernelPath: files.kernelPath,
    initrdPath: files.initrdPath,
    rootImage: { path: files.imagePath, format: 'raw', fstype: files.imageFstype },
    kernelParameters: [...testInitrdWords, 'agent.server_addr=serial://hako.agent.0', ...kernelWords],
    ...size,
    // Only such a machine can be saved.
    sharedMemory: true,
    devices: [
      { kind: 'serial-port', name: shellPortName, socketPath: join(runDir, 'shell.sock') },
      ...ports.map((name) => ({
        kind: 'serial-port' as const,
        name,
        socketPath: join(runDir, `${name}.sock`),
      })),
    ],
    agentChannel: 'virtio-serial',
    accelerator: 'auto',
    ...(restoreFrom !== undefined && { restoreFrom }),
  };
}

/** Starts a machine and waits until its agent answers. Whatever fails, nothing is left of it but its console. */
export async function startGuest(request: GuestRequest): Promise<RunningGuest> {
  await using undo = new AsyncDisposableStack();
  const runDir = await createRunDirectory(request.files.directory);
  undo.defer(() => rm(runDir, { recursive: true, force: true }));
  const vm = await new QemuHypervisor().createVm(configOf(request, runDir));
  undo.defer(() => keepConsole(vm.consoleLogPath, request.consolesDir, request.name));
  undo.use(vm);
  await vm.start();
  const shell = undo.use(await connectGuestShell(join(runDir, 'shell.sock')));
  const proxy: Proxy = undo.use(createProxy({ upstream: await vm.openAgentChannel() }));
  const stream = (): Duplex => proxy.stream();
  const connect = (): TestConnection => openTestConnection('guest', createChannel(stream()));
  await using first = connect();
  await vm.waitForAgent((signal) => first.health.check({}, { signal }), { timeoutMs: bootTimeoutMs });
  const owned = undo.move();
  return {
    vm,
    runDir,
    shell: (script) => shell.run(script),
    stream,
    connect,
    save: (directory) => vm.save(directory),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
