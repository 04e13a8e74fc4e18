// SPDX-License-Identifier: Apache-2.0
import type { HypervisorCapabilities, PluggableKind } from '@hako/hypervisor';
import type { Accelerator } from '../accelerator/accelerator.ts';
import type { HotplugPlaces } from './hotplug-places.ts';

/** Machine types the driver knows. */
export type MachineName = 'q35' | 'microvm' | 'virt';

/** What differs between the machine types. */
export interface MachineProfile {
  readonly name: MachineName;
  /** `-machine` options behind the name. */
  readonly options: (accelerator: Accelerator) => Readonly<Record<string, string>>;
  /** Firmware other than the machine's own. */
  readonly firmware?: string;
  /** Suffix of virtio device names: on PCI or on the machine's memory-mapped transport. */
  readonly virtioSuffix: 'pci' | 'device';
  /** The built-in serial port, which works from the first kernel message on. */
  readonly console: string;
  /** Kernel words that go with the machine. */
  readonly kernelWords: readonly string[];
  readonly hotplugPlaces: HotplugPlaces;
  /** A PC with PCI Express and ACPI: it can have an IOMMU, persistent memory, ports for host devices and memory dumps. */
  readonly isPc: boolean;
  /** Its CPUs and memory can be parted into NUMA nodes. */
  readonly takesNuma: boolean;
  /** What can be plugged while the machine runs. */
  readonly pluggableKinds: ReadonlySet<PluggableKind>;
  readonly capabilities: HypervisorCapabilities;
}

/** Words for the x86 PC's old devices; the first eleven are upstream's (see host-runtime of Kata 4.1). */
const pcWords = [
  'tsc=reliable',
  'no_timer_check',
  'rcupdate.rcu_expedited=1',
  'i8042.direct=1',
  'i8042.dumbkbd=1',
  'i8042.nopnp=1',
  'i8042.noaux=1',
  'noreplace-smp',
  'cryptomgr.notests',
  'net.ifnames=0',
  'pci=lastbus=0',
];

const noKinds: ReadonlySet<PluggableKind> = new Set();

const deviceKinds = [
  'block',
  'network',
  'virtio-fs',
  '9p',
  'vhost-user-blk',
  'vhost-user-scsi',
  'vfio',
  'virtio-mem',
] as const satisfies readonly PluggableKind[];

/** Without ACPI, which an arm64 guest that boots without firmware has not, neither CPUs nor memory modules come. */
const virtKinds: ReadonlySet<PluggableKind> = new Set(deviceKinds);

const q35Kinds: ReadonlySet<PluggableKind> = new Set([...deviceKinds, 'vcpus', 'memory']);

function capabilities(pluggable: ReadonlySet<PluggableKind>): HypervisorCapabilities {
  return {
    blockDevice: true,
    blockDeviceHotplug: pluggable.has('block'),
    multiQueue: false,
    fileSystemSharing: true,
    networkDeviceHotplug: pluggable.has('network'),
    vcpuHotplug: pluggable.has('vcpus'),
    memoryHotplug: pluggable.has('memory') || pluggable.has('virtio-mem'),
  };
}

const profiles: { readonly [Name in MachineName]: MachineProfile } = {
  q35: {
    name: 'q35',
    // No chip that nothing uses; system management mode would slow a SeaBIOS down.
    options: () => ({ smm: 'off', sata: 'off', smbus: 'off', vmport: 'off' }),
    // Loads a kernel and nothing else, so it is done sooner than SeaBIOS with its option ROMs.
    firmware: 'qboot.rom',
    virtioSuffix: 'pci',
    console: 'ttyS0',
    kernelWords: ['reboot=k', ...pcWords],
    hotplugPlaces: 'bridge',
    isPc: true,
    takesNuma: true,
    pluggableKinds: q35Kinds,
    capabilities: capabilities(q35Kinds),
  },
  microvm: {
    name: 'microvm',
    // The clock and the old interrupt chips stay: Debian's kernel does not boot without them.
    options: () => ({ 'x-option-roms': 'off', rtc: 'on' }),
    virtioSuffix: 'device',
    console: 'ttyS0',
    kernelWords: ['reboot=t', ...pcWords],
    hotplugPlaces: 'none',
    isPc: false,
    takesNuma: false,
    pluggableKinds: noKinds,
    capabilities: capabilities(noKinds),
  },
  virt: {
    name: 'virt',
    options: (accelerator) => ({ usb: 'off', 'gic-version': accelerator === 'kvm' ? 'host' : '3' }),
    virtioSuffix: 'pci',
    console: 'ttyAMA0',
    kernelWords: ['iommu.passthrough=0', 'rcupdate.rcu_expedited=1', 'cryptomgr.notests', 'net.ifnames=0'],
    hotplugPlaces: 'ports',
    isPc: false,
    takesNuma: true,
    pluggableKinds: virtKinds,
    capabilities: capabilities(virtKinds),
  },
};

/** The profile of a machine type. */
export function machineProfile(name: MachineName): MachineProfile {
  return profiles[name];
}
