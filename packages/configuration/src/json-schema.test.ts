// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { configurationSchema } from './json-schema.ts';

test('the schema has every section, closed, and says which keys have no effect [proves schema]', () => {
  expect(configurationSchema()).toMatchObject({
    additionalProperties: false,
    properties: {
      hypervisor: {
        additionalProperties: false,
        properties: {
          qemu: {
            additionalProperties: false,
            properties: {
              default_memory: { type: 'integer', minimum: 0, default: 2048 },
              default_vcpus: { type: 'number', maximum: 240 },
              shared_fs: { enum: ['virtio-fs', 'virtio-9p', 'virtio-fs-nydus', 'none'] },
              enable_annotations: { type: 'array', items: { type: 'string' } },
              rootless: {
                type: 'boolean',
                description:
                  'run QEMU as a user of its own (not supported: QEMU runs as the user who runs Hako)',
              },
            },
          },
        },
      },
      agent: { properties: { kata: { properties: { enable_tracing: { default: false } } } } },
      runtime: { properties: { internetworking_model: { default: 'tcfilter' } } },
      factory: { properties: { enable_template: { description: 'start machines from a template' } } },
    },
  });
});
