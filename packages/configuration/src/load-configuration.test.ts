// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfiguration } from './load-configuration.ts';

async function files(content: Readonly<Record<string, string>>) {
  const path = await mkdtemp(join(tmpdir(), 'hako-config-'));
  await mkdir(join(path, 'config.d'));
  for (const [name, source] of Object.entries(content)) await writeFile(join(path, name), source);
  return {
    path: join(path, 'configuration.toml'),
    directory: path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

test('without a file every key has the value of a missing one', async () => {
  const configuration = await loadConfiguration();
  expect(configuration.number('hypervisor.qemu', 'default_memory')).toBe(2048);
  expect(configuration.text('hypervisor.qemu', 'virtio_fs_cache')).toBe('never');
  expect(configuration.list('hypervisor.qemu', 'enable_annotations')).toEqual([]);
  expect(configuration.settings.every(({ origin }) => origin.kind === 'default')).toBe(true);
});

test('a file of Kata is read as it is, and files beside it replace single keys in the order of their names [proves origin of values]', async () => {
  await using place = await files({
    'configuration.toml': `
# a comment
[hypervisor.qemu]
path = "/usr/bin/qemu-system-x86_64"
default_vcpus = 1.5
default_memory = 4096
enable_annotations = ["enable_iommu", "kernel_params"]
guest_extension_images = [{ name = "extra", path = "/x" }]

[agent.kata]
enable_debug = true

[runtime]
internetworking_model = "tcfilter"

[factory]
`,
    'config.d/20-second.toml': '[hypervisor.qemu]\ndefault_memory = 1024\n',
    'config.d/10-first.toml': '[hypervisor.qemu]\ndefault_memory = 512\nkernel_params = "quiet"\n',
    'config.d/notes.txt': 'not TOML at all',
  });
  const configuration = await loadConfiguration(place.path);
  const qemu = 'hypervisor.qemu';
  expect(configuration.number(qemu, 'default_vcpus')).toBe(1.5);
  expect(configuration.number(qemu, 'default_memory')).toBe(1024);
  expect(configuration.text(qemu, 'kernel_params')).toBe('quiet');
  expect(configuration.switch('agent.kata', 'enable_debug')).toBe(true);
  const origins = new Map(configuration.settings.map(({ key, origin }) => [key, origin]));
  expect(origins.get('default_memory')).toEqual({
    kind: 'file',
    file: join(place.directory, 'config.d/20-second.toml'),
    line: 2,
  });
  expect(origins.get('path')).toEqual({ kind: 'file', file: place.path, line: 4 });
});

test.each([
  ['no TOML', '[hypervisor.qemu\n', 'malformed', 1, /./],
  ['an unknown section', '\n[hypervisor.qemo]\n', 'unknown_key', 2, /unknown section \[hypervisor\.qemo\]/],
  ['an unknown hypervisor', '[hypervisor.acrn]\npath = "x"', 'unknown_key', 1, /unknown section/],
  ['a section that is a value', 'runtime = 7', 'unknown_key', undefined, /unknown section \[runtime\]/],
  ['an unknown key', '[runtime]\n\ninternetworking_modell = "none"', 'unknown_key', 3, /unknown key/],
  ['a key of Object', '[runtime]\nconstructor = "x"', 'unknown_key', 2, /unknown key "constructor"/],
  ['a text for a switch', '[agent.kata]\nenable_debug = "yes"', 'invalid_value', 2, /must be true or false/],
  ['a number for a text', '[runtime]\ndan_conf = 7', 'invalid_value', 2, /must be a text/],
  ['half a slot', '[hypervisor.qemu]\nmemory_slots = 1.5', 'invalid_value', 2, /a whole number from 1/],
  ['too many CPUs', '[hypervisor.qemu]\ndefault_vcpus = 241', 'invalid_value', 2, /a number up to 240/],
  ['no number', '[hypervisor.qemu]\ndefault_memory = nan', 'invalid_value', 2, /a whole number from 0/],
  [
    'a crooked sector',
    '[hypervisor.qemu]\nblock_device_logical_sector_size = 600',
    'invalid_value',
    2,
    /0 or a power of two/,
  ],
  [
    'an unknown word',
    '[hypervisor.qemu]\nshared_fs = "nfs"',
    'invalid_value',
    2,
    /one of virtio-fs, virtio-9p/,
  ],
  ['a text for a list', '[hypervisor.qemu]\npflashes = "a"', 'invalid_value', 2, /a list of texts/],
  ['numbers in a list', '[hypervisor.qemu]\npflashes = [1]', 'invalid_value', 2, /a list of texts/],
  [
    'texts for tables',
    '[hypervisor.qemu]\nguest_extension_images = ["a"]',
    'invalid_value',
    2,
    /list of tables/,
  ],
] as const)('refuses %s, with its line', async (_, source, code, line, says) => {
  await using place = await files({ 'configuration.toml': source });
  const message: unknown = expect.stringMatching(says);
  await expect(loadConfiguration(place.path)).rejects.toMatchObject({
    code,
    line,
    file: place.path,
    message,
  });
});

test.each([
  ['[runtime]\ndisable_new_netns = true', /needs the internetworking_model "none"/],
  ['[hypervisor.qemu]\nhot_plug_vfio = "root-port"\ncold_plug_vfio = "root-port"', /only one of/],
  [
    '[hypervisor.qemu]\nblock_device_logical_sector_size = 4096\nblock_device_physical_sector_size = 512',
    /not larger/,
  ],
])('refuses values that are at odds: %s', async (source, says) => {
  await using place = await files({ 'configuration.toml': source });
  const message: unknown = expect.stringMatching(says);
  await expect(loadConfiguration(place.path)).rejects.toMatchObject({ code: 'invalid_value', message });
});

test.each([
  ['[hypervisor.qemu]\ndefault_memry = 1', 'write default_memory'],
  ['[hypervisor.qemu]\nzzzzzzzzzzzz = 1', 'see `hako config schema`'],
  ['[runtme]\n', 'write [runtime]'],
  ['[netmon]\n', 'use [hypervisor.qemu], [agent.kata], [runtime], [factory]'],
])('names what was probably meant: %s', async (source, remedy) => {
  await using place = await files({ 'configuration.toml': source });
  await expect(loadConfiguration(place.path)).rejects.toMatchObject({ code: 'unknown_key', remedy });
});

test('a file that is not there is named', async () => {
  const loaded = loadConfiguration('/nonexistent/configuration.toml');
  await expect(loaded).rejects.toMatchObject({ code: 'unreadable', file: '/nonexistent/configuration.toml' });
});
