// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir } from '../accelerator/verdict-cache.ts';
import { buildCpioArchive, cpioDirectory, type CpioEntry } from './cpio-archive.ts';

/** A kernel with its modules, as the guest image builder prepares them. */
export interface TestKernel {
  readonly kernelPath: string;
  readonly modulesDir: string;
}

/**
 * Finds the kernel for tests with real guests: `$HAKO_TEST_KERNEL_DIR` (with `vmlinux` and `lib/modules/RELEASE`), else
 * the one in the cache that the set-up has prepared.
 */
export async function findTestKernel(env: NodeJS.ProcessEnv = process.env): Promise<TestKernel | undefined> {
  const chosen = env['HAKO_TEST_KERNEL_DIR'];
  const directories = chosen === undefined ? await preparedKernels(defaultCacheDir(env)) : [chosen];
  for (const directory of directories) {
    const [release] = await readdir(join(directory, 'lib/modules')).catch(() => []);
    const kernelPath = join(directory, 'vmlinux');
    const found = await stat(kernelPath).catch(() => undefined);
    if (found !== undefined && release !== undefined) {
      return { kernelPath, modulesDir: join(directory, 'lib/modules', release) };
    }
  }
  return undefined;
}

/** Those of the cache, the last one first: the way they are prepared changes. */
async function preparedKernels(cacheDir: string): Promise<string[]> {
  const kernels = join(cacheDir, 'guest', 'kernels');
  const names = await readdir(kernels).catch(() => []);
  const dated = names.map(async (name) => {
    const path = join(kernels, name);
    return { path, preparedMs: (await stat(path)).mtimeMs };
  });
  return (await Promise.all(dated))
    .toSorted((one, other) => other.preparedMs - one.preparedMs)
    .map(({ path }) => path);
}

/** Modules of the test guest below `kernel/`, in the order of loading. */
const modules = [
  'drivers/virtio/virtio_ring.ko',
  'drivers/virtio/virtio.ko',
  'drivers/virtio/virtio_pci_modern_dev.ko',
  'drivers/virtio/virtio_pci_legacy_dev.ko',
  'drivers/virtio/virtio_pci.ko',
  'drivers/virtio/virtio_mmio.ko',
  'drivers/block/virtio_blk.ko',
  'drivers/char/virtio_console.ko',
  'fs/fuse/fuse.ko',
  'fs/fuse/virtiofs.ko',
  'net/core/failover.ko',
  'drivers/net/net_failover.ko',
  'drivers/net/virtio_net.ko',
  'drivers/scsi/scsi_common.ko',
  'drivers/scsi/scsi_mod.ko',
  'drivers/scsi/sd_mod.ko',
  'drivers/scsi/virtio_scsi.ko',
  'drivers/virtio/virtio_mem.ko',
];

/** Modules below `kernel/` that lie in `/modules` for tests to load, each after those it needs. */
const optionalModules = [
  'lib/libcrc32c.ko',
  'fs/erofs/erofs.ko',
  'drivers/nvdimm/libnvdimm.ko',
  'drivers/nvdimm/nd_btt.ko',
  'drivers/nvdimm/nd_pmem.ko',
  'drivers/acpi/nfit/nfit.ko',
  'drivers/virtio/virtio_balloon.ko',
  'drivers/char/hw_random/virtio-rng.ko',
  'drivers/misc/pvpanic/pvpanic.ko',
  'drivers/misc/pvpanic/pvpanic-mmio.ko',
];

/**
 * What the guest does is the value of this kernel parameter: `echo`, `panic`, `power-off`, `silent`, `devices` or `shell`
 * (see `openGuestShell`).
 */
export const testGuestParameter = 'hako.test';

const initScript = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for word in $(cat /proc/cmdline); do case $word in ${testGuestParameter}=*) job=\${word#*=};; esac; done
say() { echo "hako-test: $*" >/dev/console; }
say "$job"
test "$job" = panic && exit 1
test "$job" = power-off && poweroff -f
for module in $(cat /modules/order); do test -e /modules/$module && insmod /modules/$module; done
if test "$job" = devices; then
  until test -b /dev/vda; do sleep 0.01; done
  say "disk $(head -c 5 /dev/vda) read-only $(cat /sys/block/vda/ro) serial $(cat /sys/block/vda/serial)"
  mkdir /share && mount -t virtiofs share /share && say "file $(cat /share/greeting)"
  echo from-guest >/share/answer
  umount /share
  say "cpus $(grep -c ^processor /proc/cpuinfo)"
  poweroff -f
fi
if test "$job" = echo || test "$job" = shell; then
  until test -n "$port"; do
    for name in /sys/class/virtio-ports/*/name; do
      test "$(cat $name 2>/dev/null)" = hako.agent.0 && port=\${name%/name} && port=/dev/\${port##*/}
    done
  done
  exec 3<>$port
  while test "$job" = echo; do
    chunk=$(dd bs=4096 count=1 <&3 2>/dev/null)
    if test -n "$chunk"; then
      printf %s "$chunk" >&3
      served=yes
    else
      # Like the agent, it opens the port anew when the host has gone.
      test -n "$served" && exec 3<&- && exec 3<>$port
      served=
      sleep 0.01
    fi
  done
  while read -r line <&3; do
    output=$(echo "$line" | base64 -d | sh 2>&1)
    echo "$? $(echo "$output" | base64 | tr -d '\\n')" >&3
  done
fi
while :; do sleep 1000; done
`;

/**
 * Writes the initramfs of a guest of a few lines: busybox, virtio modules and a script. Small enough to be built for
 * each test run from what the host has.
 */
export async function buildTestGuest(
  kernel: TestKernel,
  path: string,
  busyboxPath = '/bin/busybox',
): Promise<void> {
  const files: CpioEntry[] = [];
  for (const module of [...modules, ...optionalModules]) {
    const content = await readFile(join(kernel.modulesDir, 'kernel', module)).catch(() => undefined);
    if (content !== undefined) {
      files.push({ path: `modules/${module.split('/').at(-1) ?? module}`, mode: 0o100644, content });
    }
  }
  const order = modules.map((module) => module.split('/').at(-1)).join('\n');
  await writeFile(
    path,
    buildCpioArchive([
      ...['bin', 'dev', 'proc', 'sys', 'modules'].map(cpioDirectory),
      { path: 'init', mode: 0o100755, content: Buffer.from(initScript) },
      { path: 'bin/busybox', mode: 0o100755, content: await readFile(busyboxPath) },
      { path: 'modules/order', mode: 0o100644, content: Buffer.from(order) },
      ...files,
    ]),
  );
}
