// SPDX-License-Identifier: Apache-2.0
import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';
import { columns } from '../table.ts';

/**
 * `hako network ls`: the interfaces of a sandbox and its routes, as the guest has them.
 * @param id the sandbox
 * @param json for programs
 * @param components the program's world
 */
export async function networkLs(id: string, json: boolean, components: CliComponents): Promise<number> {
  await using sandbox = await attachTo(id, components);
  const interfaces = await sandbox.network.listInterfaces();
  const routes = await sandbox.network.listRoutes();
  if (json) {
    components.stdout.write(`${JSON.stringify({ interfaces, routes }, null, 2)}\n`);
    return 0;
  }
  const links = interfaces.map(({ name, mac, mtuBytes, addresses }) => {
    const prefixes = addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
    return [name, mac, String(mtuBytes), prefixes.join(' ')];
  });
  const ways = routes.map(({ destination, gateway = '', interfaceName }) => {
    return [destination === '' ? 'default' : destination, gateway, interfaceName];
  });
  components.stdout.write(columns(['INTERFACE', 'MAC', 'MTU', 'ADDRESSES'], links));
  components.stdout.write(`\n${columns(['ROUTE', 'GATEWAY', 'INTERFACE'], ways)}`);
  return 0;
}
