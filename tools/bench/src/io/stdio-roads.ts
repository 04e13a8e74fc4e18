// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pollProcess, type AgentClient, type AttachedProcess } from '@hako/agent-client';
import { QemuHypervisor } from '@hako/hypervisor-qemu';
import type { Hypervisor, VmConfig } from '@hako/hypervisor';
import { createSandbox, resolveImage, type Container, type Sandbox } from '@hako/sandbox';
import type { Figures } from '../frame/benchmark.ts';
import { connectAgent, runInGuest, type GuestProgram } from '../guest/guest-program.ts';

const mebibyte = 1024 * 1024;
const portName = 'hako.bench.raw';
const workspaceRoot = resolve(import.meta.dirname, '../../../..');

/** The program as `npm start` leaves it: one file. */
const cli = join(workspaceRoot, 'node_modules/.cache/hako/cli.mjs');

/** Time from the first byte to the end, and what came. */
class Meter {
  #bytes = 0;
  #firstMs: number | undefined;
  #lastMs = 0;

  note(length: number): void {
    this.#lastMs = performance.now();
    this.#firstMs ??= this.#lastMs;
    this.#bytes += length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws Error when another number of bytes has come than was written */
  figures(expectedBytes: number): Figures {
    if (this.#bytes !== expectedBytes) throw new Error(`${this.#bytes} of ${expectedBytes} bytes have come`);
    return { rate: expectedBytes / 1000 / (this.#lastMs - (this.#firstMs ?? 0)) };
  }
}

function writer(bytes: number): string {
  return `dd if=/dev/zero bs=64k count=${bytes / (64 * 1024)}`;
}

/** Runs a command with the device of the port in `$port`. */
function rawWriter(id: string, command: string): GuestProgram {
  const script = `exec 2>&1
    for entry in /sys/class/virtio-ports/*; do
      [ "$(cat $entry/name)" = ${portName} ] && port=/dev/\${entry##*/}
    done
    ${command}`;
  return {
    id,
    args: ['/bin/sh', '-c', script],
    mounts: [
      { destination: '/dev', type: 'bind', source: '/dev', options: ['rbind'] },
      { destination: '/sys', type: 'bind', source: '/sys', options: ['rbind', 'ro'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    ],
    resources: { devices: [{ allow: true, access: 'rwm' }] },
  };
}

/** A sandbox whose guest has one port more, at which this process listens. */
export class StdioRoads implements AsyncDisposable {
  readonly #undo: AsyncDisposableStack;
  readonly #container: Container;
  readonly #agent: AgentClient;
  readonly #port: Socket;
  #count = 0;

  private constructor(undo: AsyncDisposableStack, container: Container, agent: AgentClient, port: Socket) {
    this.#undo = undo;
    this.#container = container;
    this.#agent = agent;
    this.#port = port;
  }

  /** Starts the machine. */
  static async prepare(): Promise<StdioRoads> {
    await using undo = new AsyncDisposableStack();
    const sandbox: Sandbox = undo.use(
      await createSandbox({}, { hypervisor: withPort(new QemuHypervisor({})) }),
    );
    const container = await sandbox.createContainer({
      image: await resolveImage('busybox'),
      command: ['sleep', '100000'],
    });
    container.discardOutput();
    await container.start();
    const agent = undo.use(connectAgent(sandbox.directory));
    const port = connect(socketPath(sandbox.directory));
    undo.defer(() => void port.destroy());
    await once(port, 'connect');
    return new StdioRoads(undo.move(), container, agent, port);
  }

  /** A program of the guest that writes into a port, read by a socket: what no protocol passes. */
  raw(bytes: number): Promise<Figures> {
    return this.#throughPort(bytes, `${writer(bytes)} of=$port`);
  }

  /** The same with a pipe between the program and one that does nothing but move bytes. */
  piped(bytes: number): Promise<Figures> {
    return this.#throughPort(bytes, `${writer(bytes)} | dd bs=1M of=$port`);
  }

  async #throughPort(bytes: number, command: string): Promise<Figures> {
    const meter = new Meter();
    const done = Promise.withResolvers<undefined>();
    const onData = (piece: Buffer): void => {
      meter.note(piece.length);
      if (meter.bytes >= bytes) done.resolve(undefined);
    };
    this.#port.on('data', onData);
    this.#count += 1;
    await runInGuest(this.#agent, rawWriter(`raw-${this.#count}`, command));
    await done.promise;
    this.#port.off('data', onData);
    return meter.figures(bytes);
  }

  /** A process as the library has it. */
  async library(bytes: number): Promise<Figures> {
    const process = await this.#container.exec({ command: ['sh', '-c', `${writer(bytes)} 2>/dev/null`] });
    process.stderr.resume();
    const meter = await drain(process.stdout);
    await process.wait();
    return meter.figures(bytes);
  }

  /** A client without a port: everything comes by messages. */
  messages(bytes: number): Promise<Figures> {
    return this.#attached(bytes, (id) => this.#agent.attachProcess(id));
  }

  /** The calls that every agent of Kata has: ReadStdout, again and again. */
  readStdout(bytes: number): Promise<Figures> {
    return this.#attached(bytes, (id) => pollProcess(this.#agent, id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }

  async #attached(
    bytes: number,
    attach: (id: { readonly containerId: string; readonly execId: string }) => AttachedProcess,
  ): Promise<Figures> {
    this.#count += 1;
    const id = { containerId: this.#container.id, execId: `bench-${this.#count}` };
    await this.#agent.execProcess({
      ...id,
      process: {
        User: { UID: 0, GID: 0 },
        Args: ['sh', '-c', `${writer(bytes)} 2>/dev/null`],
        Env: ['PATH=/bin:/usr/bin'],
        Cwd: '/',
      },
    });
    const process = attach(id);
    process.discard('stderr');
    const meter = new Meter();
    for (;;) {
      const piece = await process.read('stdout');
      if (piece.length === 0) break;
      meter.note(piece.length);
    }
    await process.wait();
    return meter.figures(bytes);
  }
}

/** `hako run`, from its first byte on standard output to the last. */
export async function measureCommand(bytes: number): Promise<Figures> {
  const child = spawn(process.execPath, [cli, 'run', 'busybox', 'sh', '-c', `${writer(bytes)} 2>/dev/null`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [meter] = await Promise.all([drain(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`hako run exited with ${String(child.exitCode)}`);
  return meter.figures(bytes);
}

async function drain(stream: Readable): Promise<Meter> {
  const meter = new Meter();
  stream.on('data', (piece: Buffer) => meter.note(piece.length));
  await once(stream, 'end');
  return meter;
}

function socketPath(directory: string): string {
  return join(directory, 'raw.sock');
}

function withPort(qemu: QemuHypervisor): Hypervisor {
  const plus = (config: VmConfig): VmConfig => ({
    ...config,
    devices: [
      ...config.devices,
      { kind: 'serial-port', name: portName, socketPath: socketPath(config.runDir) },
    ],
  });
  return {
    name: qemu.name,
    capabilities: () => qemu.capabilities(),
    createVm: (config, options) => qemu.createVm(plus(config), options),
    adoptVm: (record, options) => qemu.adoptVm(record, options),
    snapshotSupport: (config, options) => qemu.snapshotSupport(plus(config), options),
  };
}

/** Bytes of a measurement: a whole number of MiB. */
export function wholeMebibytes(mib: number): number {
  return Math.max(4, Math.round(mib)) * mebibyte;
}
