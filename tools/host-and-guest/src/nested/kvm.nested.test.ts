// SPDX-License-Identifier: Apache-2.0
import { readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  createQemuSubject,
  findTestKernel,
  openGuestShell,
  type GuestShell,
} from '@hako/hypervisor-qemu/testing';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const workspaceRoot = resolve(import.meta.dirname, '../../../..');
const virtiofsdPath = '/usr/lib/qemu/virtiofsd';
const cacheDir = process.env['HAKO_CACHE_DIR'] ?? join(homedir(), '.cache/hako');
const innerProgram = join(import.meta.dirname, 'inner-machine.ts');
const memoryMib = 2048;
const innerTimeoutMs = 600_000;
const pollMs = 2_000;

/** A CPU of AMD's that QEMU emulates with SVM and nested paging, so that KVM works in the guest; V8 asks for the rest. */
const cpuModel = 'Opteron_G3,+svm,+npt,+nrip-save,+ssse3,+sse4.1,+sse4.2';

/** Modules that the small guest lacks, each after those it needs. */
const modules = [
  ...['fs/overlayfs/overlay', 'drivers/vhost/vhost_iotlb', 'drivers/vhost/vhost', 'net/vmw_vsock/vsock'],
  ...['net/vmw_vsock/vmw_vsock_virtio_transport_common', 'drivers/vhost/vhost_vsock'],
  ...['virt/lib/irqbypass', 'arch/x86/kvm/kvm', 'arch/x86/kvm/kvm-amd'],
];

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** The Debian package of the guest's kernel that the set-up has downloaded. */
async function kernelPackage(): Promise<string | undefined> {
  const folder = join(cacheDir, 'guest/packages');
  const names = await readdir(folder).catch(() => []);
  const name = names.findLast((each) => /^linux-image-.*\.deb$/.test(each));
  return name === undefined ? undefined : join(folder, name);
}

/** In a pipe of the shell's, for the package is large. */
const unpacking =
  'deb=$1; dir=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar --extract --directory "$dir" --wildcards "$@"';

/** Unpacks modules below a directory and answers with their paths. */
async function unpackModules(deb: string, directory: string): Promise<readonly string[]> {
  const patterns = modules.map((module) => `./lib/modules/*/kernel/${module}.ko`);
  await execa('sh', ['-ec', unpacking, 'sh', deb, directory, ...patterns]);
  const [release = ''] = await readdir(join(directory, 'lib/modules'));
  return modules.map((module) => join(directory, 'lib/modules', release, 'kernel', `${module}.ko`));
}

/** The host's files, seen through a file system that forgets what is written: the root of whatever runs in the guest. */
async function enterHost(shell: GuestShell, modulePaths: readonly string[]): Promise<void> {
  await shell.run('mkdir -p /host /scratch /root && mount -t virtiofs host /host');
  for (const path of modulePaths) await shell.run(`insmod /host${path}`);
  await shell.run(`
    mount -t tmpfs -o size=1g tmpfs /scratch && mkdir /scratch/upper /scratch/work &&
    mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work overlay /root &&
    mount --bind /dev /root/dev && mkdir -p /root/dev/shm && mount -t tmpfs tmpfs /root/dev/shm &&
    mount -t proc proc /root/proc && mount -t sysfs sys /root/sys && mount -t tmpfs tmpfs /root/run`);
}

/** Runs a script of the host's in the guest; the shell answers meanwhile. */
async function runInHost(shell: GuestShell, script: string): Promise<string> {
  const encoded = Buffer.from(script).toString('base64');
  await shell.run(`echo ${encoded} | base64 -d > /scratch/script
    (cd /root; mount --move . /; chroot . /bin/sh -s < /scratch/script > /scratch/out 2> /scratch/err
    echo $? > /scratch/status) > /dev/null 2>&1 &`);
  await expect
    .poll(() => shell.run('cat /scratch/status 2>/dev/null || true'), {
      timeout: innerTimeoutMs,
      interval: pollMs,
    })
    .not.toBe('');
  expect(await shell.run('cat /scratch/status'), await shell.run('tail -n 20 /scratch/err')).toBe('0');
  return await shell.run('cat /scratch/out');
}

const deb = await kernelPackage();
const lacks = [
  ...((await findTestKernel()) === undefined ? ['a prepared kernel'] : []),
  ...(deb === undefined ? ['its Debian package'] : []),
  ...((await exists(virtiofsdPath)) ? [] : [virtiofsdPath]),
];
const note = lacks.length === 0 ? '' : ` (skipped without ${lacks.join(', ')})`;

test.skipIf(lacks.length > 0)(
  `machines with KVM in an emulated machine answer over vhost-vsock, and CPUs come and go${note} [proves agent by vsock, machine microvm, unplug vcpus]`,
  async () => {
    await using subject = await createQemuSubject('shell', { cpuModel });
    const socketPath = join(subject.directory, 'fs.sock');
    const options = ['-o', 'source=/', '-o', 'cache=always', '-o', 'sandbox=chroot'];
    const daemon = execa(virtiofsdPath, [`--socket-path=${socketPath}`, ...options, '-f'], { reject: false });
    await using _daemon = {
      async [Symbol.asyncDispose]() {
        daemon.kill('SIGKILL');
        await daemon;
      },
    };
    await expect.poll(() => exists(socketPath), { timeout: 10_000 }).toBe(true);
    const modulePaths = await unpackModules(deb ?? '', subject.directory);
    await using vm = await subject.hypervisor.createVm({
      ...subject.config,
      memoryMib,
      sharedMemory: true,
      devices: [{ kind: 'virtio-fs', tag: 'host', socketPath }],
    });
    await vm.start();
    const shell = await openGuestShell(vm);
    await enterHost(shell, modulePaths);
    expect(await shell.run('ls /dev/kvm /dev/vhost-vsock')).toBe('/dev/kvm\n/dev/vhost-vsock');
    const told = await runInHost(
      shell,
      `cd ${workspaceRoot} && export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
       exec ${process.execPath} --conditions=@hako/source ${innerProgram} ${cacheDir}`,
    );
    const url = expect.stringMatching(/^vsock:\/\/\d+:1024$/) as unknown;
    const version = expect.stringContaining('hako') as unknown;
    expect(told.split('\n').map((line): unknown => JSON.parse(line))).toEqual([
      { machine: 'q35', url, version, cpus: [1, 2, 1] },
      { machine: 'microvm', url, version, cpus: [1] },
    ]);
    await rm(join(subject.directory, 'lib'), { recursive: true });
  },
);
