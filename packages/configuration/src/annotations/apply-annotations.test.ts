// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigurationError } from '../configuration-error.ts';
import { Configuration } from '../configuration.ts';
import type { FoundValue } from '../parse-configuration.ts';
import { annotationRules } from './annotation-rules.ts';
import { applyAnnotations } from './apply-annotations.ts';

const hypervisor = 'io.katacontainers.config.hypervisor.';
const qemu = 'hypervisor.qemu';

function configuration(values: Readonly<Record<string, FoundValue['value']>>): Configuration {
  const found = Object.entries(values).map(([key, value]) => ({ section: qemu, key, value }) as const);
  return Configuration.defaults().with(found, () => ({ kind: 'file', file: 'x' }));
}

const open = configuration({
  enable_annotations: ['.*'],
  valid_hypervisor_paths: ['/usr/bin/qemu-*'],
  valid_virtio_fs_daemon_paths: ['/usr/libexec/virtiofsd'],
  valid_entropy_sources: ['/dev/urandom'],
  valid_vhost_user_store_paths: ['/var/run/*/vhost-user'],
});

test('annotations of the hypervisor are denied unless the file allows them', () => {
  const annotations = { [`${hypervisor}default_vcpus`]: '2' };
  const denied = { code: 'annotation_denied', remedy: 'add "default_vcpus" to enable_annotations' };
  expect(() => applyAnnotations(Configuration.defaults(), annotations)).toThrow(
    expect.objectContaining(denied),
  );
  const allowing = configuration({ enable_annotations: ['^default_vcpus$'] });
  const applied = applyAnnotations(allowing, annotations);
  expect(applied.number(qemu, 'default_vcpus')).toBe(2);
  expect(allowing.number(qemu, 'default_vcpus')).toBe(1);
  expect(applied.settings.find(({ key }) => key === 'default_vcpus')?.origin).toEqual({
    kind: 'annotation',
    annotation: `${hypervisor}default_vcpus`,
  });
});

test('a pattern need not match the whole name, as upstream has it', () => {
  const applied = applyAnnotations(configuration({ enable_annotations: ['kernel'] }), {
    [`${hypervisor}kernel_params`]: 'quiet',
  });
  expect(applied.text(qemu, 'kernel_params')).toBe('quiet');
});

test('annotations of others are left alone, unknown ones of ours are refused', () => {
  expect(applyAnnotations(open, { 'io.kubernetes.cri.sandbox-id': 'x' }).settings).toEqual(open.settings);
  expect(() => applyAnnotations(open, { [`${hypervisor}default_memry`]: '1' })).toThrow(
    expect.objectContaining({ code: 'annotation_denied', remedy: `write ${hypervisor}default_memory` }),
  );
});

test.each([
  ['path', '/usr/bin/qemu-system-x86_64'],
  ['virtio_fs_daemon', '/usr/libexec/virtiofsd'],
  ['entropy_source', '/dev/urandom'],
  ['vhost_user_store_path', '/var/run/kata/vhost-user'],
])('%s takes a path that the file lists', (key, path) => {
  expect(applyAnnotations(open, { [`${hypervisor}${key}`]: path }).text(qemu, key)).toBe(path);
});

test.each([
  ['path', '/usr/bin/../../tmp/qemu-x', 'invalid_value'],
  ['path', '/usr/bin/qemu-x/../../../tmp/evil', 'invalid_value'],
  ['path', '/tmp/qemu-system-x86_64', 'annotation_denied'],
  ['path', '/usr/bin/qemu-a/b', 'annotation_denied'],
  ['path', 'qemu-system-x86_64', 'invalid_value'],
  ['path', '', 'invalid_value'],
  ['path', '/usr/bin/qemu-\0x', 'invalid_value'],
  ['virtio_fs_daemon', '/usr/libexec/virtiofsd ', 'annotation_denied'],
  ['virtio_fs_daemon', '/bin/sh', 'annotation_denied'],
  ['entropy_source', '/dev/random', 'annotation_denied'],
  ['vhost_user_store_path', '/var/run/a/b/vhost-user', 'annotation_denied'],
  ['kernel', 'relative/vmlinux', 'invalid_value'],
  ['image', '/a//b', 'invalid_value'],
  ['guest_hook_path', '../hooks', 'invalid_value'],
  ['default_vcpus', '1e9', 'invalid_value'],
  ['default_vcpus', '-1', 'invalid_value'],
  ['default_vcpus', '0x10', 'invalid_value'],
  ['default_memory', '255', 'invalid_value'],
  ['default_memory', '99999999999999999999', 'invalid_value'],
  ['memory_slots', '0', 'invalid_value'],
  ['indep_iothreads', '51', 'invalid_value'],
  ['enable_hugepages', 'yes', 'invalid_value'],
  ['shared_fs', 'virtio-fs-nydus', 'invalid_value'],
  ['block_device_driver', 'floppy', 'invalid_value'],
  ['virtio_fs_extra_args', '--sandbox=none', 'invalid_value'],
  ['virtio_fs_extra_args', '[1]', 'invalid_value'],
  ['machine_type', 'pc', 'invalid_value'],
])('%s refuses %j', (key, text, code) => {
  expect(() => applyAnnotations(open, { [`${hypervisor}${key}`]: text })).toThrow(
    expect.objectContaining({ code }),
  );
});

test('further arguments are added to those of the file', () => {
  const base = open.with([{ section: qemu, key: 'virtio_fs_extra_args', value: ['--a'] }], () => ({
    kind: 'default',
  }));
  const applied = applyAnnotations(base, { [`${hypervisor}virtio_fs_extra_args`]: '["--b"]' });
  expect(applied.list(qemu, 'virtio_fs_extra_args')).toEqual(['--a', '--b']);
});

test('annotations of runtime and agent need no permission, and are checked all the same', () => {
  const applied = applyAnnotations(Configuration.defaults(), {
    'io.katacontainers.config.runtime.create_container_timeout': '90',
    'io.katacontainers.config.agent.kernel_modules': 'loop max_loop=8;dummy',
    'io.katacontainers.enable_vcpus_pinning': 'T',
  });
  expect(applied.number('runtime', 'create_container_timeout')).toBe(90);
  expect(applied.list('agent.kata', 'kernel_modules')).toEqual(['loop max_loop=8', 'dummy']);
  expect(applied.switch('runtime', 'enable_vcpus_pinning')).toBe(true);
  expect(() =>
    applyAnnotations(applied, { 'io.katacontainers.config.runtime.internetworking_model': 'bridge' }),
  ).toThrow(expect.objectContaining({ code: 'invalid_value' }));
});

test('a pattern of the file that is none is named', () => {
  expect(() => applyAnnotations(configuration({ enable_annotations: ['('] }), {})).toThrow(
    expect.objectContaining({ code: 'invalid_value', key: 'hypervisor.qemu.enable_annotations' }),
  );
});

test('any text for any annotation is taken or refused by a typed error [proves annotations]', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...annotationRules.keys()),
      // The unit `binary`, which is both, takes fast-check ten seconds to make.
      fc.oneof(fc.string({ unit: 'binary-ascii' }), fc.string({ unit: 'grapheme' })),
      (annotation, text) => {
        try {
          applyAnnotations(open, { [annotation]: text });
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw error;
        }
      },
    ),
  );
});
