// SPDX-License-Identifier: Apache-2.0
import { effective, list, number, text, toggle, type SectionRules } from './key-rule.ts';

/** `[runtime]`, with the defaults that Kata 4.1 has for missing keys. */
export const runtimeKeys: SectionRules = {
  enable_debug: toggle('debug messages of the host side'),
  enable_tracing: toggle('spans of the host side'),
  jaeger_endpoint: text('where spans go'),
  jaeger_user: text('user there'),
  jaeger_password: text('password there'),
  enable_pprof: toggle('profiles over HTTP'),
  internetworking_model: effective(
    text('how an interface reaches the guest', 'tcfilter', ['macvtap', 'tcfilter', 'none']),
  ),
  disable_guest_seccomp: effective(toggle('containers without seccomp')),
  enable_vcpus_pinning: effective(toggle('each virtual CPU on a CPU of its own')),
  guest_selinux_label: effective(text('SELinux label in the guest')),
  disable_new_netns: toggle('no network namespace for the sandbox; only with the model none'),
  sandbox_cgroup_only: effective(toggle("everything in the sandbox's cgroup")),
  static_sandbox_resource_mgmt: effective(toggle('size the machine once')),
  sandbox_bind_mounts: effective(list('directories for every guest')),
  vfio_mode: effective(text('how the guest sees VFIO devices', 'vfio', ['vfio', 'guest-kernel'])),
  disable_guest_empty_dir: effective(toggle('emptyDir volumes on the host')),
  emptydir_mode: text('where emptyDir volumes are', 'shared-fs', [
    'shared-fs',
    'block-encrypted',
    'block-plain',
  ]),
  experimental: list('features that are not finished'),
  create_container_timeout: number('seconds for the creation of a container; 0 for 60', 0, { least: 0 }),
  dan_conf: text('directory of direct attached networks', '/run/kata-containers/dans'),
  kubelet_root_dir: text("kubelet's directory", '/var/lib/kubelet'),
  pod_resource_api_sock: text("kubelet's socket for devices"),
  experimental_force_guest_pull: toggle('pull images in the guest'),
};
