// SPDX-License-Identifier: Apache-2.0
import type { SectionName } from './sections.ts';

/** What becomes of a key that Hako does not act upon. */
export type IdleKey =
  /** Whatever it says, all is well; whoever sets it is told why nothing comes of it. */
  | { readonly kind: 'harmless'; readonly reason: string }
  /** What it asks for would be missed: only the value of a missing key is taken. */
  | { readonly kind: 'refused'; readonly reason: string };

function harmless(reason: string): IdleKey {
  return { kind: 'harmless', reason };
}

function refused(reason: string): IdleKey {
  return { kind: 'refused', reason };
}

const notConfidential = refused('guests that keep their memory from the host are not supported');
const ownConsole = harmless('the console is a serial port in any case');
const noSpans = harmless('the host side sends no spans');

/** Every key that is read and checked, and not acted upon. A key that is `effective` does not stand here. */
export const idleKeys: Readonly<Record<SectionName, Readonly<Record<string, IdleKey>>>> = {
  'hypervisor.qemu': {
    rootfs_type: harmless('it is seen in the image'),
    kernel_verity_params: refused('the image is not checked by dm-verity'),
    firmware: refused('a machine has the firmware that loads its kernel soonest'),
    firmware_volume: refused('a machine has no firmware with variables'),
    pflashes: refused('a machine has no flash memory'),
    guest_extension_images: refused('a guest has one image'),
    rootless: refused('QEMU runs as the user who runs Hako'),
    valid_hypervisor_paths: harmless('an annotation cannot name another QEMU'),
    seccompsandbox: harmless('QEMU is confined by rules that are stricter than any that can be given here'),
    memory_offset: harmless('default_maxmemory says all that can be plugged'),
    default_bridges: harmless('a machine has one bridge with places for 30 devices'),
    enable_iommu_platform: refused('it belongs to s390x, which is not supported'),
    block_device_logical_sector_size: refused('disks have the sectors of their files'),
    block_device_physical_sector_size: refused('disks have the sectors of their files'),
    indep_iothreads: refused('disks share one thread: see enable_iothreads'),
    virtio_fs_queue_size: harmless('the queue has room for 1024 requests'),
    cold_plug_vfio: refused('host devices are plugged while the machine runs'),
    use_legacy_serial: ownConsole,
    disable_selinux: harmless('processes keep the label they are started with'),
    disable_nesting_checks: harmless('virtio devices are modern ones in any case'),
    disable_image_nvdimm: harmless('the image is a virtio-blk disk in any case'),
    confidential_guest: notConfidential,
    sev_snp_guest: notConfidential,
    snp_id_block: notConfidential,
    snp_id_auth: notConfidential,
    snp_guest_policy: notConfidential,
    tdx_quote_generation_service_socket_port: notConfidential,
    measurement_algo: harmless('guests are not measured'),
    extra_monitor_socket: refused('QEMU has one monitor, and Hako has it'),
    hypervisor_loglevel: harmless('what QEMU says is kept in any case'),
  },
  'agent.kata': {
    cdh_api_timeout: harmless('there is no confidential data hub'),
    launch_process_timeout: harmless('the agent starts no further processes of its own'),
    visible_cdi_devices: harmless('devices are shown to containers that ask for them'),
  },
  runtime: {
    enable_debug: harmless('`--debug` of the command line says what is told'),
    enable_tracing: noSpans,
    jaeger_endpoint: noSpans,
    jaeger_user: noSpans,
    jaeger_password: noSpans,
    enable_pprof: harmless('profiles are made by Node (`node --cpu-prof`)'),
    disable_new_netns: harmless('no network namespace is made for a sandbox'),
    emptydir_mode: refused('such volumes are directories'),
    create_container_timeout: harmless('a container is waited for as long as its guest lives'),
    experimental: refused('there are no features to be switched on'),
    dan_conf: harmless('networks are told by the command line'),
    kubelet_root_dir: harmless('pods of a kubelet are not known'),
    pod_resource_api_sock: refused('devices are told by the command line'),
    experimental_force_guest_pull: refused('images are pulled on the host'),
  },
  factory: {
    template_path: harmless('templates are kept in the cache'),
    vm_cache_number: refused('machines are not booted ahead; see enable_template'),
    vm_cache_endpoint: harmless('machines are not booted ahead'),
  },
};
