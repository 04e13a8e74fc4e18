// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import { collect } from './collect.ts';

/**
 * Describes the words of `hako run`, in the groups of its help.
 * @param command `run`, or the command by which a detached sandbox's owner understands them again
 */
export function describeRun(command: Command): Command {
  command
    .argument('<image>', 'busybox, bundle:DIR, rootfs:DIR or oci:DIR[:TAG]')
    .argument('[command...]', 'the workload; everything after the image belongs to it')
    .passThroughOptions();
  describeWorkload(command);
  describeSandbox(command);
  describeFiles(command);
  describeNetwork(command);
  describeLimits(command);
  describeRights(command);
  describeMachine(command);
  return command;
}

function describeWorkload(command: Command): void {
  command
    .optionsGroup('Workload:')
    .option('-i, --interactive', 'give the workload our standard input')
    .option('-t, --tty', 'give the workload a terminal')
    .option('-e, --env <name=value>', 'set a variable; NAME alone takes ours over', collect)
    .option('-w, --workdir <dir>', 'working directory in the container')
    .option('-u, --user <user[:group]>', 'user of the workload')
    .option('--entrypoint <program>', "run this instead of the image's entry point and command")
    .option('--hostname <name>', 'host name in the container');
}

function describeSandbox(command: Command): void {
  command
    .optionsGroup('Sandbox:')
    .option('-d, --detach', 'return when the workload runs, and print the name of its sandbox')
    .option('--name <name>', 'name of the sandbox')
    .option('--sandbox <sandbox>', 'run in this sandbox, beside its workload')
    .option('--rm', 'with --detach: leave no record and no logs at the end')
    .option(
      '--keep',
      'with --detach: go on when the process that owns the sandbox is killed; see `hako adopt`',
    );
}

function describeFiles(command: Command): void {
  command
    .optionsGroup('Files and devices:')
    .option('-v, --volume <src:dst[:ro]>', 'share a directory or file of the host', collect)
    .option(
      '--mount <words>',
      'type=bind|tmpfs|hugetlbfs|volume|block,src=…,dst=…[,ro]; a disk, or a file that holds one: type=block,src=FILE,dst=DIR,fstype=ext4',
      collect,
    )
    .option('--tmpfs <dir[:options]>', 'mount memory, such as /tmp:size=64m,mode=1777', collect)
    .option('--shm-size <size>', 'shared memory of all containers of the sandbox; usually 64m')
    .option('--read-only', 'let the workload not write to its root')
    .option('--device <path[:path[:rwm]]>', 'give a block device or /dev/vfio/GROUP of the host', collect)
    .option('--shared-fs <kind>', 'how files of the host are shared: virtio-fs, 9p, or none for copies')
    .option(
      '--rootfs <kind>',
      "the image's files: shared, or block for a disk made of them (kept in the cache)",
    );
}

function describeNetwork(command: Command): void {
  command
    .optionsGroup('Network:')
    .option(
      '--network <network>',
      'none, user (reach what the host reaches), passt (the same by passt), or a network namespace: a name of `ip netns` or a path',
    )
    .option(
      '-p, --publish <port:port>',
      'lead a port of the host into the sandbox: [ADDRESS:]HOST:GUEST[/udp]',
      collect,
    )
    .option('--dns <address>', 'name server of the sandbox', collect)
    .option(
      '--network-model <model>',
      "how a namespace's links are joined: tcfilter (default), macvtap, or none for taps",
    )
    .option(
      '--rx-rate <rate>',
      'most that comes in by each link of a namespace, in bits per second, such as 100m',
    )
    .option('--tx-rate <rate>', 'most that goes out by each link of a namespace');
}

function describeLimits(command: Command): void {
  command
    .optionsGroup('Size and limits:')
    .option(
      '--cpus <n>',
      'virtual CPUs of the machine; with --sandbox: CPU time of the container, such as 0.5',
    )
    .option('-m, --memory <size>', 'memory of the machine, such as 512m; with --sandbox: of the container')
    .option(
      '--max-cpus <n>',
      'as many CPUs the machine may grow to, when `run --sandbox --cpus` asks for them',
    )
    .option('--max-memory <size>', 'as much memory the machine may grow to, likewise')
    .option('--guest-swap', 'give the machine swap space for workloads with --memory-swappiness')
    .option('--memory-swappiness <n>', 'how readily the workload swaps, 0 to 100; above 0 it does')
    .option('--memory-swap <size>', 'with --sandbox: memory and swap of the container together')
    .option('--cpu-shares <n>', 'share of the CPUs beside other containers; usually 1024')
    .option('--cpuset-cpus <list>', "the machine's CPUs the workload may run on, such as 0-1")
    .option('--pids <n>', 'processes and threads of the workload')
    .option('--ulimit <name=soft[:hard]>', 'limit of a process, such as nofile=1024:4096', collect)
    .option(
      '--cgroup-parent <path>',
      "keep the machine's processes in a control group of the host below this one",
    )
    .option('--host-cpus <n>', 'CPU time of the host for the whole machine, such as 1.5')
    .option('--host-memory <size>', 'memory of the host for the whole machine, its hypervisor included');
}

function describeRights(command: Command): void {
  command
    .optionsGroup('Rights in the container:')
    .option('--cap-add <name>', 'give a capability, such as NET_ADMIN, or ALL', collect)
    .option('--cap-drop <name>', 'take a capability, or ALL', collect)
    .option('--sysctl <name=value>', "set a kernel parameter of the workload's namespaces", collect)
    .option(
      '--security-opt <option>',
      'seccomp=FILE (a filter of system calls), seccomp=unconfined, or no-new-privileges',
      collect,
    );
}

function describeMachine(command: Command): void {
  command
    .optionsGroup('Machine:')
    .option('--config <file>', "a configuration.toml of Kata's; the words here come before it")
    .option('--accel <accelerator>', 'auto, kvm or tcg')
    .option('--template <use>', 'start from a saved machine: auto (if emulated), always or never')
    .option('--kernel <file>', 'guest kernel to boot')
    .option('--image <file>', 'guest root image to boot')
    .option('--initrd <file>', 'guest initial ramdisk to boot')
    .option('--debug', 'kernel messages on the guest console');
}
