// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const script = resolve(import.meta.dirname, '../scripts/check-breaking.mjs');

/** Runs the check on a copy of the protos in which one text was replaced. */
function checkWith(file: string, from: string, to: string): { status: number | null; output: string } {
  const copy = mkdtempSync(join(tmpdir(), 'hako-protos-'));
  try {
    cpSync(join(root, 'protos'), join(copy, 'protos'), { recursive: true });
    cpSync(join(root, 'buf.yaml'), join(copy, 'buf.yaml'));
    const path = join(copy, 'protos', file);
    const text = readFileSync(path, 'utf8');
    expect(text.split(from), `${from} occurs once in ${file}`).toHaveLength(2);
    writeFileSync(path, text.replace(from, to));
    const run = spawnSync(process.execPath, [script, '--root', copy], { encoding: 'utf8' });
    return { status: run.status, output: run.stdout + run.stderr };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

interface Change {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const breaking: readonly (Change & { readonly complaint: RegExp })[] = [
  {
    name: 'another number for a field',
    file: 'types.proto',
    from: 'string hwAddr = 5;',
    to: 'string hwAddr = 50;',
    complaint: /field "5" with name "hwAddr" on message "Interface" was deleted/,
  },
  {
    name: 'another type for a field',
    file: 'types.proto',
    from: 'uint64 mtu = 4;',
    to: 'string mtu = 4;',
    complaint: /"4" with name "mtu" on message "Interface" changed type/,
  },
  {
    name: 'another name for a field, which protobuf JSON shows',
    file: 'health.proto',
    from: 'string agent_version = 2;',
    to: 'string agent_release = 2;',
    complaint: /changed name from "agent_version" to "agent_release"/,
  },
  {
    name: 'one value in place of many',
    file: 'types.proto',
    from: 'repeated IPAddress IPAddresses = 3;',
    to: 'IPAddress IPAddresses = 3;',
    complaint: /changed cardinality from "repeated"/,
  },
  {
    name: 'another name for a method',
    file: 'health.proto',
    from: 'rpc Version(',
    to: 'rpc Release(',
    complaint: /RPC "Version" on service "Health" was deleted/,
  },
  {
    name: 'another answer of a method',
    file: 'health.proto',
    from: 'returns (VersionCheckResponse)',
    to: 'returns (HealthCheckResponse)',
    complaint: /changed response type/,
  },
  {
    name: 'a stream in place of one answer',
    file: 'health.proto',
    from: 'returns (VersionCheckResponse)',
    to: 'returns (stream VersionCheckResponse)',
    complaint: /changed from server unary to server streaming/,
  },
  {
    name: 'another number for an enum value',
    file: 'types.proto',
    from: 'v6 = 1;',
    to: 'v6 = 2;',
    complaint: /enum value "1" on enum "IPFamily" was deleted/,
  },
  {
    name: 'a message taken away',
    file: 'csi.proto',
    from: 'message VolumeCondition {\n  bool abnormal = 1;\n  string message = 2;\n}',
    to: 'message Condition {}',
    complaint: /VolumeCondition/,
  },
];

const compatible: readonly Change[] = [
  { name: 'nothing changed', file: 'types.proto', from: 'v6 = 1;', to: 'v6 = 1;' },
  {
    name: 'a new field',
    file: 'types.proto',
    from: 'string hwAddr = 5;',
    to: 'string hwAddr = 5; string alias = 9;',
  },
  {
    name: 'a new method',
    file: 'health.proto',
    from: 'rpc Version(',
    to: 'rpc Uptime(CheckRequest) returns (HealthCheckResponse);\n  rpc Version(',
  },
  { name: 'a new enum value', file: 'types.proto', from: 'v6 = 1;', to: 'v6 = 1;\n  v8 = 2;' },
];

describe('a change that breaks older peers is refused', () => {
  test.each(breaking)('$name', ({ file, from, to, complaint }) => {
    const { status, output } = checkWith(file, from, to);
    expect(output.replaceAll(/\s+/g, ' ').toLowerCase()).toMatch(new RegExp(complaint.source, 'i'));
    expect(status).toBe(1);
  });
});

describe('a change that older peers do not notice is accepted', () => {
  test.each(compatible)('$name', ({ file, from, to }) => {
    expect(checkWith(file, from, to)).toEqual({ status: 0, output: '' });
  });
});
