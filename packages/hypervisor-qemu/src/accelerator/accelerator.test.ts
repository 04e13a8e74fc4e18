// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KvmVerdict } from './accelerator.ts';
import { chooseAccelerator } from './choose-accelerator.ts';
import { KvmJudge } from './kvm-judge.ts';
import { probeKvm } from './probe-kvm.ts';
import { defaultCacheDir, VerdictCache } from './verdict-cache.ts';

async function directory() {
  const path = await mkdtemp(join(tmpdir(), 'hako-accel-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const usable: KvmVerdict = { usable: true };
const unusable: KvmVerdict = { usable: false, reason: 'said no' };
const key = { bootId: 'boot-1', qemuPath: '/usr/bin/qemu' };

describe('chooseAccelerator', () => {
  test.for([
    { choice: 'auto', verdict: usable, expected: 'kvm' },
    { choice: 'auto', verdict: unusable, expected: 'tcg' },
    { choice: 'kvm', verdict: usable, expected: 'kvm' },
    { choice: 'tcg', verdict: usable, expected: 'tcg' },
  ] as const)('$choice with $verdict is $expected', async ({ choice, verdict, expected }) => {
    expect(await chooseAccelerator(choice, () => Promise.resolve(verdict))).toBe(expected);
  });

  test('kvm by name where it does not work is refused with the reason', async () => {
    await expect(chooseAccelerator('kvm', () => Promise.resolve(unusable))).rejects.toMatchObject({
      code: 'accelerator_unusable',
      message: 'kvm does not work here: said no',
    });
  });

  test('tcg by name asks nobody', async () => {
    expect(await chooseAccelerator('tcg', () => Promise.reject(new Error('asked')))).toBe('tcg');
  });
});

describe('VerdictCache', () => {
  test('gives back what it took, from a private file', async () => {
    await using temporary = await directory();
    const cache = new VerdictCache(temporary.path);
    expect(await cache.write(key, unusable)).toBe(true);
    expect(await cache.read(key)).toEqual(unusable);
    expect(await readdir(temporary.path)).toEqual(['kvm-verdict.json']);
    expect((await stat(join(temporary.path, 'kvm-verdict.json'))).mode & 0o777).toBe(0o600);
  });

  test.for([
    { what: 'another boot', asked: { ...key, bootId: 'boot-2' } },
    { what: 'another qemu', asked: { ...key, qemuPath: '/opt/qemu' } },
  ])('knows nothing of $what', async ({ asked }) => {
    await using temporary = await directory();
    const cache = new VerdictCache(temporary.path);
    await cache.write(key, usable);
    expect(await cache.read(asked)).toBeUndefined();
  });

  test.for(['', '{', 'null', '{"bootId":"boot-1"}', JSON.stringify({ ...key, verdict: { usable: 'yes' } })])(
    'a file with %j is no verdict',
    async (text) => {
      await using temporary = await directory();
      await writeFile(join(temporary.path, 'kvm-verdict.json'), text);
      expect(await new VerdictCache(temporary.path).read(key)).toBeUndefined();
    },
  );

  test('a directory that cannot be made is no error', async () => {
    await using temporary = await directory();
    const file = join(temporary.path, 'file');
    await writeFile(file, '');
    expect(await new VerdictCache(join(file, 'cache')).write(key, usable)).toBe(false);
  });

  test.for([
    { env: { HAKO_CACHE_DIR: '/c' }, expected: /^\/c$/ },
    { env: { HAKO_CACHE_DIR: '' }, expected: /\.cache\/hako$/ },
    { env: {}, expected: /\.cache\/hako$/ },
  ])('lies at $expected for $env', ({ env, expected }) => {
    expect(defaultCacheDir(env)).toMatch(expected);
  });
});

describe('KvmJudge', () => {
  function judge(cache: Pick<VerdictCache, 'read' | 'write'>) {
    const said: KvmVerdict[] = [];
    const probed: string[] = [];
    const made = new KvmJudge({
      cache,
      probe: (qemuPath) => {
        probed.push(qemuPath);
        return Promise.resolve(unusable);
      },
      readBootId: () => Promise.resolve(key.bootId),
      onVerdict: (verdict) => said.push(verdict),
    });
    return { made, said, probed };
  }

  test('probes and speaks once per boot, over several processes', async () => {
    await using temporary = await directory();
    const cache = new VerdictCache(temporary.path);
    const [first, second] = [judge(cache), judge(cache)];
    for (const { made } of [first, first, second])
      expect(await made.verdict('/usr/bin/qemu')).toEqual(unusable);
    expect(first).toMatchObject({ said: [unusable], probed: ['/usr/bin/qemu'] });
    expect(second).toMatchObject({ said: [], probed: [] });
  });

  test('without a cache that works it still probes once', async () => {
    const it = judge({ read: () => Promise.resolve(undefined), write: () => Promise.resolve(false) });
    await it.made.verdict('/usr/bin/qemu');
    await it.made.verdict('/usr/bin/qemu');
    expect(it.probed).toHaveLength(1);
    expect(it.said).toHaveLength(1);
  });
});

describe('probeKvm', () => {
  /** Stands for QEMU: a shell script; any readable file stands for /dev/kvm. */
  async function probeWith(script: string, signal?: AbortSignal) {
    await using temporary = await directory();
    const qemuPath = join(temporary.path, 'qemu');
    await writeFile(qemuPath, `#!/bin/sh\n${script}\n`);
    await chmod(qemuPath, 0o700);
    const verdict = await probeKvm({ qemuPath, kvmDevice: qemuPath, ...(signal && { signal }) });
    return { verdict, args: await readFile(join(temporary.path, 'args'), 'utf8').catch(() => '') };
  }

  test('a missing device is told without starting anything', async () => {
    const verdict = await probeKvm({ qemuPath: '/nonexistent', kvmDevice: '/nonexistent/kvm' });
    expect(verdict).toEqual({ usable: false, reason: '/nonexistent/kvm does not exist' });
  });

  test.for([
    { what: 'the proof', script: 'exit 85', verdict: usable, reason: /^$/ },
    {
      what: 'an exit in good order without the proof',
      script: 'exit 0',
      reason: /ended QEMU with status 0$/,
    },
    {
      what: 'an error',
      script: 'echo "qemu: error: failed to set MSR" >&2; exit 1',
      reason: /status 1: error: failed to set MSR$/,
    },
    { what: 'a crash', script: 'kill -ABRT $$', reason: /SIGABRT$/ },
  ])('$what decides', async ({ script, verdict, reason }) => {
    const matching: unknown = expect.stringMatching(reason);
    const expected = verdict ?? { usable: false, reason: matching };
    expect((await probeWith(script)).verdict).toEqual(expected);
  });

  test('a guest that hangs is given up within three seconds', async () => {
    const reason = 'a test guest did not finish within 2500 ms';
    expect((await probeWith('exec sleep 60')).verdict).toEqual({ usable: false, reason });
  });

  test('an abort ends the guest', async () => {
    const probing = probeWith('exec sleep 60', AbortSignal.timeout(50));
    await expect(probing).rejects.toMatchObject({ code: 'aborted' });
  });

  test('it uses the CPU model of real guests', async () => {
    const { args } = await probeWith('echo "$@" >"$(dirname "$0")/args"; exit 85');
    expect(args).toContain('-accel kvm -cpu host');
  });
});
