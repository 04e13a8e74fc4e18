// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { isInstalled } from './npm-packages.mjs';

describe('isInstalled', () => {
  const locked = {
    '': {},
    'packages/a': { version: '0.0.0' },
    'node_modules/x': { version: '1.0.0', integrity: 'sha512-x' },
    'node_modules/@hako/a': { resolved: 'packages/a', link: true },
    'node_modules/for-darwin': { version: '1.0.0', optional: true },
  };
  const installed = {
    'node_modules/x': { version: '1.0.0', integrity: 'sha512-x' },
    'node_modules/@hako/a': { resolved: 'packages/a', link: true },
  };

  test.each([
    ['all that this platform needs', installed, true],
    [
      'another version',
      { ...installed, 'node_modules/x': { version: '1.0.1', integrity: 'sha512-x' } },
      false,
    ],
    [
      'another content',
      { ...installed, 'node_modules/x': { version: '1.0.0', integrity: 'sha512-y' } },
      false,
    ],
    ['no link to a workspace', { 'node_modules/x': installed['node_modules/x'] }, false],
    ['nothing', {}, false],
  ])('with %s installed: %s', (_, present, expected) => {
    expect(isInstalled(locked, present)).toBe(expected);
  });
});
