// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { Configuration } from './configuration.ts';
import { effectOf, idleSettings } from './effect.ts';
import { idleKeys } from './keys/idle-keys.ts';
import type { FoundValue } from './parse-configuration.ts';

const { settings } = Configuration.defaults();
const named = settings.map((setting) => ({ name: `${setting.section}.${setting.key}`, setting }));
const idle = Object.entries(idleKeys).flatMap(([section, keys]) =>
  Object.keys(keys).map((key) => `${section}.${key}`),
);

function read(...found: readonly FoundValue[]): Configuration {
  return Configuration.defaults().with(found, ({ line }) => ({
    kind: 'file',
    file: 'kata.toml',
    ...(line !== undefined && { line }),
  }));
}

test.each(named)(
  '$name is either acted upon or known to be idle [proves keys of $setting.section]',
  ({ name, setting }) => {
    const isDriven = setting.rule.effective === true;
    expect({ isDriven, isIdle: idle.includes(name) }).toEqual({ isDriven, isIdle: !isDriven });
  },
);

test('all that is known to be idle exists', () => {
  expect(idle.filter((name) => !named.some((each) => each.name === name))).toEqual([]);
});

test('what is missing or says what is so anyhow is not told', () => {
  const found = settings.map(({ section, key, value }) => ({ section, key, value }));
  expect(idleSettings(Configuration.defaults())).toEqual([]);
  expect(idleSettings(read(...found))).toEqual([]);
});

test('what nothing comes of is told with its line', () => {
  const found = { section: 'factory', key: 'template_path', value: '/elsewhere', line: 7 } as const;
  expect(idleSettings(read(found))).toEqual([
    {
      setting: expect.objectContaining({ origin: { kind: 'file', file: 'kata.toml', line: 7 } }) as unknown,
      reason: 'templates are kept in the cache',
    },
  ]);
});

test.each<FoundValue>([
  { section: 'hypervisor.qemu', key: 'rootless', value: true },
  { section: 'hypervisor.qemu', key: 'confidential_guest', value: true },
  { section: 'hypervisor.qemu', key: 'cold_plug_vfio', value: 'root-port' },
  { section: 'factory', key: 'vm_cache_number', value: 3 },
])('$section $key = $value is refused, because it would be missed', (found) => {
  expect(() => idleSettings(read({ ...found, line: 12 }))).toThrow(
    expect.objectContaining({
      code: 'unsupported',
      file: 'kata.toml',
      line: 12,
      message: expect.stringContaining(
        `kata.toml:12: ${found.section}.${found.key} is not supported: `,
      ) as unknown,
    }),
  );
});

test('a key that is acted upon has effect', () => {
  const kernel = settings.find(({ key }) => key === 'kernel');
  expect(kernel && effectOf(kernel)).toEqual({ kind: 'driven' });
});
