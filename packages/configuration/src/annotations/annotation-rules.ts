// SPDX-License-Identifier: Apache-2.0
import type { SectionName } from '../keys/sections.ts';

/** Prefixes of the annotations that change the configuration. */
export const prefixes = {
  hypervisor: 'io.katacontainers.config.hypervisor.',
  runtime: 'io.katacontainers.config.runtime.',
  agent: 'io.katacontainers.config.agent.',
} as const;

/** What begins with this and is not known is refused. */
export const commonPrefix = 'io.katacontainers.config.';

/** What one annotation changes. */
export interface AnnotationRule {
  readonly section: SectionName;
  readonly key: string;
  /** How lists are written. Default: JSON. */
  readonly separator?: string;
  /** The values are added to those of the file. */
  readonly appends?: true;
  /** A normal absolute path. */
  readonly isPath?: true;
  /** Key of the list of patterns, one of which the value has to match. */
  readonly patterns?: string;
  /** Bounds that are narrower than those of the key. */
  readonly least?: number;
  /** Values that are narrower than those of the key. */
  readonly oneOf?: readonly string[];
}

function hypervisor(key: string, more: Partial<AnnotationRule> = {}): AnnotationRule {
  return { section: 'hypervisor.qemu', key, ...more };
}

function same(keys: readonly string[], more: Partial<AnnotationRule> = {}): [string, AnnotationRule][] {
  return keys.map((key) => [`${prefixes.hypervisor}${key}`, hypervisor(key, more)]);
}

/** Every annotation that is known, by its whole name. Source: Kata 4.1, annotations of `virtcontainers`. */
export const annotationRules: ReadonlyMap<string, AnnotationRule> = new Map<string, AnnotationRule>([
  ...same(['kernel', 'image', 'initrd', 'firmware', 'firmware_volume'], { isPath: true }),
  [`${prefixes.hypervisor}path`, hypervisor('path', { isPath: true, patterns: 'valid_hypervisor_paths' })],
  ...same(['kernel_params', 'kernel_verity_params', 'machine_type', 'machine_accelerators', 'cpu_features']),
  ...same(['guest_hook_path'], { isPath: true }),
  ...same(['default_vcpus'], { least: 0 }),
  [`${prefixes.hypervisor}default_max_vcpus`, hypervisor('default_maxvcpus', { least: 1 })],
  ...same(['default_memory'], { least: 256 }),
  ...same(['memory_slots', 'memory_offset', 'msize_9p', 'pcie_root_port', 'pcie_switch_port'], { least: 1 }),
  ...same(['enable_virtio_mem', 'enable_mem_prealloc', 'reclaim_guest_freed_memory', 'enable_hugepages']),
  ...same(['enable_iommu', 'enable_iommu_platform', 'enable_guest_swap', 'rootless']),
  ...same(['numa_mapping'], { separator: ' ' }),
  ...same(['block_device_driver', 'block_device_aio', 'block_device_cache_set', 'block_device_cache_direct']),
  ...same(['block_device_cache_noflush', 'disable_block_device_use', 'enable_iothreads']),
  ...same(['indep_iothreads'], { least: 1 }),
  [`${prefixes.hypervisor}blk_logical_sector_size`, hypervisor('block_device_logical_sector_size')],
  [`${prefixes.hypervisor}blk_physical_sector_size`, hypervisor('block_device_physical_sector_size')],
  ...same(['shared_fs'], { oneOf: ['virtio-fs', 'virtio-9p'] }),
  ...same(['virtio_fs_daemon'], { isPath: true, patterns: 'valid_virtio_fs_daemon_paths' }),
  ...same(['virtio_fs_extra_args'], { appends: true }),
  ...same(['virtio_fs_cache', 'virtio_fs_cache_size', 'disable_vhost_net']),
  ...same(['rx_rate_limiter_max_rate', 'tx_rate_limiter_max_rate', 'hot_plug_vfio', 'cold_plug_vfio']),
  ...same(['vhost_user_store_path'], { isPath: true, patterns: 'valid_vhost_user_store_paths' }),
  ...same(['enable_vhost_user_store', 'vhost_user_reconnect_timeout_sec']),
  ...same(['disable_image_nvdimm', 'use_legacy_serial']),
  ...same(['entropy_source'], { isPath: true, patterns: 'valid_entropy_sources' }),
  ...[
    'disable_guest_seccomp',
    'sandbox_cgroup_only',
    'disable_new_netns',
    'experimental_force_guest_pull',
  ].map((key): [string, AnnotationRule] => [`${prefixes.runtime}${key}`, { section: 'runtime', key }]),
  [`${prefixes.runtime}create_container_timeout`, { section: 'runtime', key: 'create_container_timeout' }],
  [`${prefixes.runtime}internetworking_model`, { section: 'runtime', key: 'internetworking_model' }],
  [`${prefixes.runtime}vfio_mode`, { section: 'runtime', key: 'vfio_mode' }],
  [`${prefixes.runtime}experimental`, { section: 'runtime', key: 'experimental', separator: ' ' }],
  ['io.katacontainers.enable_vcpus_pinning', { section: 'runtime', key: 'enable_vcpus_pinning' }],
  [`${prefixes.agent}kernel_modules`, { section: 'agent.kata', key: 'kernel_modules', separator: ';' }],
  [`${prefixes.agent}enable_tracing`, { section: 'agent.kata', key: 'enable_tracing' }],
]);
