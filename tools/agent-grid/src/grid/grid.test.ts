// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import type { Exclusion } from './exclusions.ts';
import { drawGrid, emptyColumns, type GridRow, needlessExclusions } from './grid.ts';
import { statusPage } from './status-page.ts';
import type { SeenAnswer } from './test-report.ts';

const services = [
  {
    fullName: 'a.Service',
    methods: { readStdout: { name: 'ReadStdout' }, readStderr: { name: 'ReadStderr' }, go: { name: 'Go' } },
  },
];

function seen(title: string, method: string, status: Status, kind: SeenAnswer['kind']): SeenAnswer {
  return { test: title, path: `/a.Service/${method}`, status, kind };
}

const answers: readonly SeenAnswer[] = [
  seen('ReadStdout and ReadStderr with crun wait', 'ReadStdout', Status.OK, 'crun'),
  seen('ReadStdout and ReadStderr with crun wait', 'ReadStderr', Status.NOT_FOUND, 'fake'),
  seen('ReadStdout and ReadStderr with crun wait', 'Go', Status.OK, 'crun'),
  seen('Go in a guest refuses [INTERNAL]', 'Go', Status.INTERNAL, 'guest'),
  seen('Go in a guest refuses [INTERNAL]', 'Go', Status.INTERNAL, 'guest'),
  seen('Go passes the gate', 'Go', Status.PERMISSION_DENIED, 'fake'),
  seen('what goes on in a guest', 'Go', Status.OK, 'guest'),
];

const nothing = { good: false, errors: [], goodInGuest: false, errorsInGuest: [], exclusions: [] };

describe('the grid', () => {
  test('shows what the tests of a method have seen of it, and a row for a method without', () => {
    expect(drawGrid(services, answers, [])).toEqual<GridRow[]>([
      { ...nothing, service: 'a.Service', method: 'ReadStdout', good: true },
      { ...nothing, service: 'a.Service', method: 'ReadStderr', errors: ['NOT_FOUND'] },
      {
        ...nothing,
        service: 'a.Service',
        method: 'Go',
        errors: ['PERMISSION_DENIED'],
        errorsInGuest: ['INTERNAL'],
      },
    ]);
  });

  test('has gaps where nothing was seen that is not excluded; a refusal by the policy fills none', () => {
    const exclusions: Exclusion[] = [{ rpc: 'Go', columns: ['in guest'], reason: 'it does not go' }];
    const rows = drawGrid(services, answers, exclusions);
    expect(rows.map((row) => emptyColumns(row))).toEqual([
      ['errors', 'in guest', 'errors in guest'],
      ['good', 'in guest', 'errors in guest'],
      ['good', 'errors'],
    ]);
    expect(statusPage(rows)).toContain(
      '| Go | **missing** | PERMISSION_DENIED **missing** | · | INTERNAL |\n',
    );
    expect(statusPage(rows)).toContain('- Go, in guest: it does not go\n');
  });

  test('knows exclusions that nothing needs', () => {
    const exclusions: Exclusion[] = [
      { rpc: 'Go', columns: ['errors in guest', 'good'], reason: 'none' },
      { rpc: 'Stop', columns: ['good'], reason: 'none' },
    ];
    const rows = drawGrid(services, answers, exclusions);
    expect(needlessExclusions(rows, exclusions)).toEqual(['Go: errors in guest', 'Stop does not exist']);
  });
});
