// SPDX-License-Identifier: Apache-2.0

/** How a script ended. */
export interface ScriptResult {
  /** 128 + n when signal n ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A disk in the machine of a test. */
export interface PluggedDisk {
  /** `BB/DD`: slot of the bridge, slot on it, both in hexadecimal; or `DD` on the root bus. */
  readonly pciPath: string;
  /** `TARGET:LUN`; on virtio-scsi only. */
  readonly scsiAddress?: string;
  /** Takes it out again; fulfilled when the guest has let go of it. */
  unplug(): Promise<void>;
}

/** A network card in the machine of a test. */
export interface PluggedNic {
  /** As of {@link PluggedDisk}. */
  readonly pciPath: string;
  /** Takes it out again; fulfilled when the guest has let go of it. */
  unplug(): Promise<void>;
}

/** The virtual machine around an agent under test: what a host would do to it, and a look into it past the agent. */
export interface TestMachine {
  /** Runs a shell script in the agent's own namespaces and root (busybox sh of the guest image). */
  run(script: string): Promise<ScriptResult>;
  /** Puts a disk in: an empty one of `sizeMib`, or the host's file `imagePath`. */
  plugDisk(options: {
    readonly sizeMib: number;
    readonly driver: 'virtio-blk' | 'virtio-scsi';
    readonly serial?: string;
    readonly imagePath?: string;
  }): Promise<PluggedDisk>;
  /** Puts a network card in, connected to nothing. */
  plugNic(options: { readonly mac: string }): Promise<PluggedNic>;
  /** Adds CPUs, which the guest has yet to bring online. */
  plugCpus(count: number): Promise<{ readonly totalVcpus: number }>;
  /** Adds memory, in blocks of 128 MiB, which the guest has yet to bring online. */
  plugMemory(options: { readonly sizeMib: number }): Promise<{ readonly physicalAddress: bigint }>;
}
