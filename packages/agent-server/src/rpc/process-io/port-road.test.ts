// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { OutputPorts } from '../../output-port/output-ports.ts';
import { PortRoad } from './port-road.ts';

const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

test('a port that the machine does not have is looked for once, and not asked for', () => {
  const looks: string[] = [];
  const findPort = (name: string) => void looks.push(name);
  const openPort = () => {
    throw new Error('no such port');
  };
  const road = new PortRoad(new OutputPorts({ findPort, openPort }), logger);
  expect(road.shallBeAskedFor()).toBe(false);
  road.offer('hako.output.0');
  expect([road.shallBeAskedFor(), road.shallBeAskedFor()]).toEqual([false, false]);
  expect(looks).toEqual(['hako.output.0']);
});
