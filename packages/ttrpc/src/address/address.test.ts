// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from './address.ts';

describe('addresses', () => {
  test.each([
    ['unix:///run/a.sock', { scheme: 'unix', path: '/run/a.sock', abstract: false }],
    ['unix://@agent', { scheme: 'unix', path: 'agent', abstract: true }],
    ['vsock://3:1024', { scheme: 'vsock', contextId: 3, port: 1024 }],
    ['vsock://-1:1024', { scheme: 'vsock', contextId: 0xffff_ffff, port: 1024 }],
    ['hvsock:///run/v.sock:1024', { scheme: 'hvsock', path: '/run/v.sock', port: 1024 }],
    ['serial:///run/hako/x/agent', { scheme: 'serial', path: '/run/hako/x/agent' }],
    ['serial://hako.agent.0', { scheme: 'serial', path: 'hako.agent.0' }],
    ['tcp://127.0.0.1:80', { scheme: 'tcp', host: '127.0.0.1', port: 80 }],
    ['tcp://[::1]:0', { scheme: 'tcp', host: '::1', port: 0 }],
    [`unix://${'p'.repeat(107)}`, { scheme: 'unix', path: 'p'.repeat(107), abstract: false }],
  ])('%s is read and written back', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(parseAddress(text))).toBe(text);
  });

  test.each([
    '',
    'unix://',
    'unix://@',
    '/run/a.sock',
    'http://x',
    'vsock://3',
    'vsock://x:1',
    'vsock://-2:1',
    'vsock://3:4294967296',
    'hvsock://:5',
    'hvsock:///a:',
    'serial://',
    'tcp://localhost:80',
    'tcp://127.0.0.1:65536',
    'tcp://::1:80',
    'tcp://[127.0.0.1]:80',
    'unix:///a\0b',
    `unix://${'p'.repeat(108)}`,
    `unix://@${'ü'.repeat(54)}`,
    `serial:///${'p'.repeat(107)}`,
  ])('%j is refused', (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'invalid_address' }) as Error);
  });
});
