// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { findPasst } from './find-passt.ts';
import { passtArguments } from './passt-command.ts';

const local = { hostAddress: '127.0.0.1', guestPort: 80 } as const;

test('passt gives the guest the addresses of the other stack, and leads in only what is published', () => {
  expect(
    passtArguments([
      { ...local, protocol: 'tcp', hostPort: 8080 },
      { ...local, protocol: 'udp', hostPort: 5353, guestPort: 53 },
      { ...local, protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8081 },
    ]).join(' '),
  ).toBe(
    [
      '--foreground --quiet --stderr --fd 3 --ipv4-only',
      '--address 10.0.2.15 --netmask 24 --gateway 10.0.2.2 --dns-forward 10.0.2.3 --no-dhcp',
      '--tcp-ports 127.0.0.1/8080:80 --tcp-ports 0.0.0.0/8081:80 --udp-ports 127.0.0.1/5353:53',
    ].join(' '),
  );
  expect(passtArguments([]).join(' ')).toMatch(/--tcp-ports none --udp-ports none$/);
});

test.each([
  { version: 'passt 2024_01_01.abcdef0', isUsed: true },
  { version: 'passt 0.0~git20250503.587980c-2', isUsed: true },
  { version: 'passt 0.0~git20230309.7c7625d-1', isUsed: false },
  { version: 'passt 2023_12_30.abcdef0', isUsed: false },
  { version: 'something else', isUsed: false },
])('of $version it is $isUsed that it will do', async ({ version, isUsed }) => {
  await using directory = await temporaryDirectory();
  const directories = ['/nonexistent', directory.path];
  await expect(findPasst({ directories })).rejects.toMatchObject({ code: 'tool_missing' });
  const program = join(directory.path, 'passt');
  await writeFile(program, `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
  if (isUsed) expect(await findPasst({ directories })).toBe(program);
  else await expect(findPasst({ directories })).rejects.toMatchObject({ code: 'network_failed' });
});
