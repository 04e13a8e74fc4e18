// SPDX-License-Identifier: Apache-2.0
// Runs as PID 1 of a virtual machine: the calls that a test on a host cannot make. Reports on the virtio-serial port
// `hako.agent.0`, one JSON line per check, and powers the machine off.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import {
  bringLoopbackUp,
  createReaper,
  createVsockDialer,
  findPort,
  listenVsock,
  mount,
  openPort,
  openUeventSocket,
  powerOff,
  setDateTime,
} from '../index.ts';

const localCid = 1;
const echoBytes = 4 * 1024 * 1024;

const checks: Readonly<Record<string, () => unknown>> = {
  'vsock echo': async () => {
    execFileSync('modprobe', ['vsock_loopback']);
    await using listener = listenVsock({ onConnection: (stream) => stream.pipe(stream) });
    const stream = await createVsockDialer()(
      { cid: localCid, port: listener.address.port },
      { timeoutMs: 5000 },
    );
    stream.end(Buffer.alloc(echoBytes, 'v'));
    return (await buffer(stream)).length === echoBytes;
  },
  'vsock refused': async () => {
    try {
      await createVsockDialer()({ cid: localCid, port: 9 }, { timeoutMs: 5000 });
      return false;
    } catch (error) {
      return String(error);
    }
  },
  'reaping as pid 1': async () => {
    using reaper = createReaper();
    const hold = reaper.hold();
    const pid = Number(execFileSync('sh', ['-c', '(exit 7) >/dev/null & exec /bin/echo $!']).toString());
    const wanted = await reaper.watch(pid, { timeoutMs: 5000 });
    hold[Symbol.dispose]();
    const child = spawn('sh', ['-c', 'exit 9']);
    const ended: unknown[] = await once(child, 'exit');
    return { wanted, own: ended[0] };
  },
  setDateTime: () => {
    setDateTime(2_000_000_000n, 0);
    return Math.abs(Date.now() / 1000 - 2_000_000_000) < 5;
  },
  loopback: () => {
    bringLoopbackUp();
    return execFileSync('ip', ['-br', 'addr', 'show', 'lo']).toString().includes('127.0.0.1');
  },
  uevent: async () => {
    await using socket = openUeventSocket();
    execFileSync('sh', ['-c', 'echo change > /sys/class/mem/null/uevent']);
    for await (const event of socket) return event.devpath;
    return undefined;
  },
};

async function main(): Promise<void> {
  mount({ source: 'proc', target: '/proc', fstype: 'proc' });
  mount({ source: 'sysfs', target: '/sys', fstype: 'sysfs' });
  const path = findPort('hako.agent.0');
  if (path === undefined) throw new Error('no port hako.agent.0');
  const port = openPort(path);
  const report = (line: object): void => void port.write(`${JSON.stringify(line)}\n`);
  await once(port, 'data'); // the host says hello, which proves that it may come later than the port
  for (const [name, check] of Object.entries(checks)) {
    try {
      report({ name, result: await check() });
    } catch (error) {
      report({ name, error: String(error) });
    }
  }
  await new Promise<void>((resolve) => port.end(() => resolve()));
  await once(port.resume(), 'end'); // the host has read it all and hung up
  powerOff();
}

main().catch((error: unknown) => {
  console.error(error);
  powerOff();
});
