// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { pathExists, readText, shellOutput, writeText } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('CreateSandbox $title', ({ skip, kind, start }) => {
  test.skipIf(skip)('empties the directory of containers', async () => {
    await using harness = await start();
    await shellOutput(harness, `mkdir -p ${harness.paths.kataDir}/stale/rootfs`);
    await harness.client.createSandbox({ sandboxId: 'sb', hostname: 'box' });
    expect(await pathExists(harness, join(harness.paths.kataDir, 'stale'))).toBe(false);
    expect(await pathExists(harness, harness.paths.kataDir)).toBe(true);
  });

  test.skipIf(skip)('may come twice as long as there are no containers', async () => {
    await using harness = await start();
    await harness.client.createSandbox({ hostname: 'one' });
    await harness.client.createSandbox({ hostname: 'two' });
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.createSandbox({})).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'sandbox_exists'),
    );
  });

  test.skipIf(skip)('gives the guest its name servers', async () => {
    await using harness = await start();
    // The guest image has one, on a read-only file system.
    if (kind !== 'guest') await writeText(harness, harness.paths.resolvConf, 'old');
    await harness.client.createSandbox({ dns: ['nameserver 10.0.0.1 ', ' search example.org'] });
    const text = 'nameserver 10.0.0.1\nsearch example.org';
    expect(await readText(harness, harness.paths.sandboxResolvConf)).toBe(text);
    if (kind === 'guest') expect(await readText(harness, '/etc/resolv.conf')).toBe(text);
  });

  test.skipIf(skip).each([
    { title: 'without a name', name: '', text: 'invalid_request' },
    { title: 'whose name is an option', name: '-r', text: 'invalid_request' },
    { title: 'that nobody has', name: 'hako-has-no-such-module', text: '' },
  ])('refuses a kernel module $title [INTERNAL]', async ({ name, text }) => {
    await using harness = await start();
    await expect(
      harness.client.createSandbox({ kernelModules: [{ name, parameters: [] }] }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test.skipIf(skip || kind !== 'guest')('loads kernel modules with their parameters', async () => {
    await using harness = await start();
    const kernelModules = [
      { name: 'loop', parameters: [] },
      { name: 'dummy', parameters: ['numdummies=3'] },
    ];
    await harness.client.createSandbox({ kernelModules });
    expect(await shellOutput(harness, 'ls /sys/class/net | grep -c dummy')).toBe('3\n');
    expect(await pathExists(harness, '/sys/module/loop')).toBe(true);
    await harness.client.createSandbox({ kernelModules });
  });

  test.skipIf(skip || kind !== 'guest')('passes on what modprobe says [INTERNAL]', async () => {
    await using harness = await start();
    await expect(
      harness.client.createSandbox({
        kernelModules: [
          { name: 'veth', parameters: ['no_such_parameter=1'] },
          { name: 'hako-none', parameters: [] },
        ],
      }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'hako-none'));
  });

  test.skipIf(skip || kind === 'fake')(
    'takes hooks of the guest image, and runs them in the order of names',
    async () => {
      await using harness = await start();
      const { client, paths } = harness;
      const dir = join(paths.runtimeDir, 'hooks');
      const said = join(paths.runtimeDir, 'said');
      const script = `#!/bin/sh\nread -r state\ncase $state in *'"id":"c1"'*) echo "\${0##*/} $1" >> ${said};; esac\n`;
      for (const stage of ['prestart', 'poststart', 'poststop']) {
        for (const name of ['20-b', '10-a', 'plain', 'target'])
          await writeText(harness, join(dir, stage, name), script);
        await shellOutput(
          harness,
          `cd ${dir}/${stage} && chmod 755 20-b 10-a && ln -s 10-a 15-link && mkdir 17-dir`,
        );
      }
      await writeText(harness, join(dir, 'poststart/15-fails'), '#!/bin/sh\nexit 3\n');
      await shellOutput(harness, `chmod 755 ${dir}/poststart/15-fails`);
      await client.createSandbox({ guestHookPath: dir });
      await runContainer(harness, 'c1', sleeper);
      await client.removeContainer({ containerId: 'c1' });
      expect((await readText(harness, said)).trim().split('\n')).toEqual([
        '10-a prestart',
        '20-b prestart',
        '10-a poststart',
        '20-b poststart',
        '10-a poststop',
        '20-b poststop',
      ]);
    },
  );

  test.skipIf(skip)('goes on without a directory of hooks', async () => {
    await using harness = await start();
    await harness.client.createSandbox({ guestHookPath: '/no/such/directory' });
    await runContainer(harness, 'c1', ['true']);
  });
});
