// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { AgentError } from '../errors/agent-error.ts';
import { loadVsockTransport, usesVsock } from './load-vsock-transport.ts';

const nothing = { passfdListenerPort: 0, logVport: 0, debugConsole: false, debugConsoleVport: 0 };

test.each([
  { address: 'vsock://-1:1024', options: nothing, uses: true },
  { address: 'serial://hako.agent.0', options: nothing, uses: false },
  { address: 'unix:///run/agent.sock', options: nothing, uses: false },
  { address: 'serial://hako.agent.0', options: { ...nothing, passfdListenerPort: 1027 }, uses: true },
  { address: 'serial://hako.agent.0', options: { ...nothing, logVport: 1025 }, uses: true },
  {
    address: 'serial://hako.agent.0',
    options: { ...nothing, debugConsole: true, debugConsoleVport: 1026 },
    uses: true,
  },
  { address: 'serial://hako.agent.0', options: { ...nothing, debugConsoleVport: 1026 }, uses: false },
])('an agent at $address with $options uses vsock: $uses', ({ address, options, uses }) => {
  expect(usesVsock(address, options)).toBe(uses);
});

/** A logger that keeps the levels and words of what it is told. */
function notes() {
  const told: string[] = [];
  const note = (level: string) => (_: object, message: string) => void told.push(`${level}: ${message}`);
  return {
    told,
    logger: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
  };
}

test.each([
  { what: 'a module that was loaded is no news', exitCode: 0, told: [] },
  {
    what: 'a kernel without the module is left as it is',
    exitCode: 1,
    told: ['debug: module was not loaded'],
  },
])('$what', async ({ exitCode, told }) => {
  const { told: heard, logger } = notes();
  const ran: unknown[] = [];
  await loadVsockTransport((program) => {
    ran.push([program.file, program.args]);
    return Promise.resolve({ exitCode, signal: null, stdout: '', stderr: '', timedOut: false });
  }, logger);
  expect(ran).toEqual([['/sbin/modprobe', ['-q', 'vmw_vsock_virtio_transport']]]);
  expect(heard).toEqual(told);
});

test('an agent without modprobe goes on', async () => {
  const { told, logger } = notes();
  const missing = new AgentError('helper_failed', 'there is no modprobe');
  await loadVsockTransport(() => Promise.reject(missing), logger);
  expect(told).toEqual(['warn: module could not be loaded']);
});
