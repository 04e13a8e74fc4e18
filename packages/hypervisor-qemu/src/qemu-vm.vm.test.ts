// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HypervisorError, untilListening, type VirtualMachine } from '@hako/hypervisor';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { buildProbeFirmware, probeExitPort, probeExitStatus } from './accelerator/probe-firmware.ts';
import { QemuHypervisor } from './qemu-hypervisor.ts';
import { createQemuSubject } from './testing/qemu-subject.ts';
import { findTestKernel } from './testing/test-guest.ts';

const hasKernel = (await findTestKernel()) !== undefined;
const virtiofsdPath = '/usr/lib/qemu/virtiofsd';
const hasVirtiofsd = (await stat(virtiofsdPath).catch(() => undefined)) !== undefined;
const never: () => Promise<never> = () => new Promise(() => undefined);
const boot = { timeoutMs: 60_000 };

/** Fulfils once no process has this id. */
async function processGone(pid: number): Promise<void> {
  await expect.poll(() => stat(`/proc/${pid}`).catch(() => 'gone'), { timeout: 30_000 }).toBe('gone');
}

async function leftovers(runDir: string): Promise<string[]> {
  return (await readdir(runDir)).filter((file) => !file.startsWith('console.log'));
}

function echo(vm: VirtualMachine) {
  return vm.waitForAgent(async (signal) => {
    const stream = await vm.openAgentChannel({ signal });
    stream.write('ping');
    await once(stream, 'data', { signal });
    return stream;
  }, boot);
}

test('the probe guest reaches long mode and proves it', async () => {
  await using subject = await createDirectory();
  const image = join(subject.directory, 'probe.bin');
  await writeFile(image, buildProbeFirmware());
  const device = `isa-debug-exit,iobase=${probeExitPort},iosize=1`;
  const args = ['-machine', 'q35', '-accel', 'tcg', '-m', '16', '-nodefaults', '-display', 'none'];
  const { exitCode } = await execa('qemu-system-x86_64', [...args, '-bios', image, '-device', device], {
    reject: false,
    timeout: 20_000,
  });
  expect(exitCode).toBe(probeExitStatus);
});

async function createDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'hako-qemu-'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

describe.skipIf(!hasKernel)('QemuVm (skipped if no test kernel is prepared)', () => {
  test('SIGKILL of QEMU in mid-run ends the vm at once, and leaves nothing', async () => {
    await using subject = await createQemuSubject('echo');
    await using vm = await subject.hypervisor.createVm(subject.config);
    await vm.start();
    const stream = await echo(vm);
    // Not by `once`: the connection may break, and then it closes as well.
    const closed = new Promise((resolve) => stream.once('close', resolve));
    const { vmm } = vm.pids();
    process.kill(vmm, 'SIGKILL');
    expect(await vm.exited).toMatchObject({ reason: 'vmm_exited', exitCode: null, signal: 'SIGKILL' });
    await closed;
    expect(vm.state).toBe('stopped');
    expect(await leftovers(subject.config.runDir)).toEqual([]);
    await processGone(vmm);
  });

  test('a stopped QEMU process is still ended, by SIGKILL', async () => {
    await using subject = await createQemuSubject('silent');
    await using vm = await subject.hypervisor.createVm(subject.config);
    await vm.start();
    const { vmm } = vm.pids();
    process.kill(vmm, 'SIGSTOP');
    expect(await vm.stop()).toMatchObject({ reason: 'stopped', stoppedBy: 'sigkill', signal: 'SIGKILL' });
    expect(await leftovers(subject.config.runDir)).toEqual([]);
    await processGone(vmm);
  });

  test('start and stop leave no descriptor open', async () => {
    await using subject = await createQemuSubject('silent');
    const descriptors = async () => (await readdir('/proc/self/fd')).length;
    const once = async () => {
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
    };
    await once();
    const before = await descriptors();
    await once();
    await expect.poll(descriptors, { timeout: 30_000 }).toBeLessThanOrEqual(before);
  });

  test("QEMU's own refusal to start is told with its words", async () => {
    await using subject = await createQemuSubject('silent', { cpuModel: 'no-such-cpu' });
    await using vm = await subject.hypervisor.createVm(subject.config);
    const started = vm.start();
    await expect(started).rejects.toMatchObject({
      code: 'vmm_exited',
      exit: { reason: 'vmm_exited', exitCode: 1 },
    });
    await expect(started).rejects.toThrow(/unable to find CPU model 'no-such-cpu'/);
    expect(vm.state).toBe('stopped');
    expect(await vm.exited).toMatchObject({ reason: 'vmm_exited', exitCode: 1 });
    expect(await leftovers(subject.config.runDir)).toEqual([]);
  });

  test('a file that is no kernel ends the start or the boot with words, not with silence', async () => {
    await using subject = await createQemuSubject('silent');
    const kernelPath = join(subject.directory, 'not-a-kernel');
    await writeFile(kernelPath, 'x'.repeat(10_000));
    await using vm = await subject.hypervisor.createVm({ ...subject.config, kernelPath });
    const failed = vm.start().then(() => vm.waitForAgent(never, { timeoutMs: 2_000 }));
    const error: unknown = await failed.catch((reason: unknown) => reason);
    expect(HypervisorError.is(error) && ['vmm_exited', 'agent_silent'].includes(error.code)).toBe(true);
  });

  test('a taken vsock CID is drawn again', async () => {
    await using subject = await createQemuSubject('silent');
    const qemuPath = join(subject.directory, 'qemu');
    const counter = join(subject.directory, 'starts');
    const words = 'vhost-vsock: unable to set guest cid: Address already in use';
    await writeFile(qemuPath, `#!/bin/sh\necho "$*" >>${counter}\necho "qemu: ${words}" >&2\nexit 1\n`);
    await chmod(qemuPath, 0o700);
    const dialVsock = () => Promise.reject(new Error('nobody dials'));
    const hypervisor = new QemuHypervisor({ qemuPath, dialVsock, vhostVsockDevice: '/dev/null' });
    await using vm = await hypervisor.createVm({
      ...subject.config,
      agentChannel: 'vsock',
      accelerator: 'tcg',
    });
    await expect(vm.start()).rejects.toMatchObject({ code: 'vmm_exited' });
    const cids = [...(await readFile(counter, 'utf8')).matchAll(/guest-cid=(\d+)/g)].map((match) => match[1]);
    expect(cids).toHaveLength(5);
    expect(new Set(cids).size).toBe(5);
  });

  describe('an abort leaves nothing, at whichever phase', () => {
    test.for([0, 2, 10, 40, 80, 120, 200])('after %i ms of the start', async (delayMs) => {
      await using subject = await createQemuSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      const outcome = await vm.start({ signal: AbortSignal.timeout(delayMs) }).then(
        () => 'running',
        (error: unknown) => (HypervisorError.is(error) ? error.code : error),
      );
      expect(['running', 'aborted']).toContain(outcome);
      await vm.stop();
      expect(vm.state).toBe('stopped');
      expect(await leftovers(subject.config.runDir)).toEqual([]);
      expect(await qemuProcessesOf(subject.config.runDir)).toEqual([]);
    });
  });

  test('QEMU dies with an owner that is killed', async () => {
    await using subject = await createQemuSubject('silent');
    const script = `
      import { QemuHypervisor } from '@hako/hypervisor-qemu';
      const vm = await new QemuHypervisor().createVm(${JSON.stringify({ ...subject.config, accelerator: 'tcg' })});
      await vm.start();
      console.log(vm.pids().vmm);
      setInterval(() => undefined, 1000);`;
    const owner = execa(process.execPath, ['-C', '@hako/source', '--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      reject: false,
    });
    const chunks: readonly unknown[] = await once(owner.stdout, 'data');
    const vmm = Number(String(chunks[0]));
    expect(vmm).toBeGreaterThan(1);
    owner.kill('SIGKILL');
    await owner;
    await processGone(vmm);
  });

  test('two vms share one root image, each is told apart, and one survives the other [proves root virtio-blk]', async () => {
    await using subject = await createQemuSubject('echo');
    const path = join(subject.directory, 'root.img');
    await writeFile(path, Buffer.alloc(1024 * 1024, 'disk '));
    const rootImage = { path, format: 'raw', fstype: 'erofs' } as const;
    await using other = await createQemuSubject('echo');
    await using first = await subject.hypervisor.createVm({ ...subject.config, rootImage });
    await using second = await other.hypervisor.createVm({ ...other.config, id: 'test-2', rootImage });
    await Promise.all([first.start(), second.start()]);
    const [, stream] = await Promise.all([echo(first), echo(second)]);
    await first.stop();
    stream.write('still there');
    const chunks: readonly unknown[] = await once(stream, 'data');
    expect(String(chunks[0])).toBe('still there');
  });

  test.skipIf(!hasVirtiofsd)(
    'disk, shared directory and second cpu are seen in the guest (skipped without virtiofsd) [proves cold virtio-fs, cold block, shared memory]',
    async () => {
      await using subject = await createQemuSubject('devices');
      const shared = join(subject.directory, 'shared');
      const socketPath = join(subject.directory, 'fs.sock');
      const diskPath = join(subject.directory, 'disk,1.img');
      await writeFile(diskPath, Buffer.alloc(1024 * 1024, 'hello'));
      await mkdir(shared);
      await writeFile(join(shared, 'greeting'), 'from-host');
      const daemon = execa(virtiofsdPath, [`--socket-path=${socketPath}`, '-o', `source=${shared}`, '-f'], {
        reject: false,
      });
      await untilListening(socketPath, AbortSignal.timeout(30_000));
      await using vm = await subject.hypervisor.createVm({
        ...subject.config,
        vcpus: 2,
        memoryMib: 256,
        sharedMemory: true,
        devices: [
          { kind: 'block', id: 'data', path: diskPath, readOnly: true },
          { kind: 'virtio-fs', tag: 'share', socketPath },
        ],
      });
      await vm.start();
      expect(await vm.exited).toMatchObject({ reason: 'guest_shutdown' });
      await daemon;
      const log = await readFile(vm.consoleLogPath, 'latin1');
      expect(log).toContain('disk hello read-only 1 serial data');
      expect(log).toContain('file from-host');
      expect(log).toContain('cpus 2');
      expect(await readFile(join(shared, 'answer'), 'utf8')).toBe('from-guest\n');
    },
  );

  test('a small machine type boots the same guest where KVM works [proves machine microvm]', async ({
    skip,
  }) => {
    await using subject = await createQemuSubject('echo', { machine: 'microvm' });
    const verdict = await subject.hypervisor.kvmVerdict();
    skip(!verdict.usable, 'an emulated microvm sometimes hangs while the kernel calibrates its clock');
    await using vm = await subject.hypervisor.createVm(subject.config);
    await vm.start();
    await echo(vm);
  });

  test('debug puts the boot messages into the console log [proves kernel words]', async () => {
    await using subject = await createQemuSubject('power-off');
    await using vm = await subject.hypervisor.createVm({ ...subject.config, debug: true });
    await vm.start();
    await vm.exited;
    expect(await readFile(vm.consoleLogPath, 'latin1')).toContain('Linux version');
  });
});

/** Ids of all QEMU processes that name a run directory. */
async function qemuProcessesOf(runDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (commandLine.includes(runDir) && commandLine.includes('qemu-system')) found.push(pid);
  }
  return found;
}
