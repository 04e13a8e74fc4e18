// SPDX-License-Identifier: Apache-2.0
import {
  AgentServiceDefinition,
  CreateContainerRequest,
  MemAgentMemcgConfig,
  UpdateInterfaceRequest,
} from '@hako/protocols/agent';
import { CopyFileRequest } from '@hako/protocols/agent';
import { expect, test } from 'vitest';
import { policyRequestOf } from './request-json.ts';

test('a request has the names of the proto file, null for what is not there, and arrays of numbers for bytes', () => {
  const encoded = CreateContainerRequest.encode(
    CreateContainerRequest.fromPartial({
      containerId: 'c1',
      storages: [{ driver: 'blk', fsGroup: { groupId: 7, groupChangePolicy: 1 } }],
      devices: [{ id: 'd', type: 'blk' }],
      OCI: {
        Annotations: { a: 'b' },
        Linux: {
          Seccomp: { DefaultAction: 'x', Syscalls: [{ Names: ['read'] }] },
          Resources: { Memory: { Limit: 2n ** 62n } },
        },
      },
    }),
  ).finish();
  const { rule, input } = policyRequestOf('CreateContainer', encoded);
  expect(rule).toBe('CreateContainerRequest');
  expect(input).toMatchObject({
    container_id: 'c1',
    exec_id: '',
    string_user: null,
    sandbox_pidns: false,
    devices: [{ id: 'd', type_: 'blk', vm_path: '' }],
    storages: [{ driver: 'blk', fs_group: { group_id: 7, group_change_policy: 1 } }],
    OCI: {
      Annotations: { a: 'b' },
      Process: null,
      Linux: {
        Seccomp: { Syscalls: [{ Names: ['read'], ErrnoRet: null }] },
        Resources: { Memory: { Limit: 2n ** 62n } },
      },
    },
  });
});

test('optional fields are null or what they are, and enums are numbers', () => {
  const config = MemAgentMemcgConfig.encode({ disabled: false, periodSecs: 5n }).finish();
  expect(policyRequestOf('MemAgentMemcgSet', config)).toMatchObject({
    rule: 'MemAgentMemcgConfig',
    input: { disabled: false, swap: null, period_secs: 5n },
  });
  const update = UpdateInterfaceRequest.encode(
    UpdateInterfaceRequest.fromPartial({
      interface: { name: 'eth0', IPAddresses: [{ family: 1, address: '::1' }] },
    }),
  ).finish();
  expect(policyRequestOf('UpdateInterface', update).input).toMatchObject({
    interface: { name: 'eth0', IPAddresses: [{ family: 1, address: '::1', mask: '' }], type_: '' },
  });
});

test.each(Object.values(AgentServiceDefinition.methods).map(({ name }) => name))(
  '%s has a rule and an input',
  (method) => {
    const { rule, input } = policyRequestOf(method, new Uint8Array());
    expect(rule).toMatch(/^[A-Z]\w+$/);
    expect(typeof input).toBe('object');
  },
);

test.each([
  { fileMode: 0o100644, fileType: 'Regular', target: null },
  { fileMode: 0o040755, fileType: 'Directory', target: null },
  { fileMode: 0o120777, fileType: 'Symlink', target: 'päth' },
  { fileMode: 0o140777, fileType: 'Unknown', target: null },
  { fileMode: 0o644, fileType: 'Unknown', target: null },
])('CopyFile with mode $fileMode is a $fileType', ({ fileMode, fileType, target }) => {
  const request = CopyFileRequest.fromPartial({ path: '/p', fileMode, data: Buffer.from('päth'), uid: -1 });
  expect(policyRequestOf('CopyFile', CopyFileRequest.encode(request).finish())).toEqual({
    rule: 'CopyFileRequest',
    input: {
      path: '/p',
      file_size: 0n,
      file_mode: fileMode,
      dir_mode: 0,
      uid: -1,
      gid: 0,
      offset: 0n,
      file_type: fileType,
      symlink_target: target,
    },
  });
});
