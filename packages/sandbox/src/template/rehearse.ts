// SPDX-License-Identifier: Apache-2.0
import { guestBundlePath, guestPaths } from '@hako/protocols';

import type { AgentCallOptions, GuestAgent } from '../process/guest-agent.ts';
import { defaultMounts } from '../spec/container-defaults.ts';
import { containerSpec } from '../spec/container-spec.ts';
import { wireSpec } from '../spec/wire-spec.ts';

/** Name of the container that is gone before anybody sees it. */
const id = 'rehearsal';

/** The guest's own root file system, of which the container changes nothing. */
const image = {
  reference: id,
  rootfs: '/',
  readOnly: false,
  command: ['/bin/busybox', 'true'],
  entrypoint: [],
  env: [],
  cwd: '/',
  user: '',
};

/**
 * Takes an agent once through a container's whole life, before it is saved as a template. What runs for the first time costs
 * half a second where the guest is emulated: functions are compiled, programs and libraries are read. Machines that start from
 * the template find all of that done. Errors: those of the agent.
 * @param agent an agent without containers; it has none afterwards
 * @param options limits of each call
 */
export async function rehearse(agent: GuestAgent, options: AgentCallOptions): Promise<void> {
  await agent.createSandbox({ hostname: id, sandboxId: id }, options);
  const mountPoint = `${guestBundlePath(id)}/rootfs`;
  const spec = containerSpec({
    image,
    user: { uid: 0, gid: 0 },
    hostname: id,
    rootPath: mountPoint,
    // The shared memory of containers comes with the sandbox, whose size is not known yet.
    mounts: defaultMounts.filter(({ source }) => source !== guestPaths.sandboxShm),
  });
  const root = {
    driver: 'overlayfs',
    source: 'overlay',
    fstype: 'overlay',
    options: ['io.katacontainers.fs-opt.overlay-rw', 'lowerdir=/'],
    mountPoint,
  };
  await agent.createContainer(
    { containerId: id, execId: id, storages: [root], OCI: wireSpec(spec) },
    options,
  );
  try {
    const process = agent.attachProcess({ containerId: id, execId: id });
    process.discard('stderr');
    await agent.startContainer({ containerId: id }, options);
    while ((await process.read('stdout', options)).length > 0) continue;
    await process.wait(options);
  } finally {
    await agent.removeContainer({ containerId: id }, options);
  }
}
