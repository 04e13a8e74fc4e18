// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

import { SandboxError } from '../../sandbox-error.ts';

/** What `ip -json -details address show` says of a link; the rest is left out. */
const linkSchema = z.object({
  ifindex: z.int().positive(),
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.int().positive(),
  link_type: z.string(),
  /** Absent for links without hardware address. */
  address: z.string().optional(),
  /** The bus of the device behind the link; absent for links made by software. */
  parentbus: z.string().optional(),
  /** The device behind the link on that bus. */
  parentdev: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z
        .object({
          /** Of a tun: `tun` or `tap`. */
          type: z.string().optional(),
          /** Of a tun: whether it can be opened several times. */
          multi_queue: z.boolean().optional(),
        })
        .optional(),
    })
    .optional(),
  addr_info: z.array(
    z.object({
      family: z.string(),
      local: z.string().optional(),
      prefixlen: z.int().nonnegative(),
    }),
  ),
});

/** What `ip -json -details route show` says of a route. */
const routeSchema = z.object({
  type: z.string().default('unicast'),
  dst: z.string(),
  gateway: z.string().optional(),
  /** A gateway of the other family. */
  via: z.unknown().optional(),
  /** Absent for routes over several links and for those that lead nowhere. */
  dev: z.string().optional(),
  protocol: z.string().default('boot'),
  scope: z.string().default('global'),
  prefsrc: z.string().optional(),
  flags: z.array(z.string()).default([]),
  metrics: z.array(z.object({ mtu: z.int().optional() })).default([]),
});

/** What `ip -json neighbour show` says of a neighbour. Its flags are keys with the value null. */
const neighbourSchema = z.object({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().optional(),
  state: z.array(z.string()).default([]),
  router: z.null().optional(),
  proxy: z.null().optional(),
  extern_learn: z.null().optional(),
});

/** What `tc -json qdisc show` says of a queueing discipline. */
const qdiscSchema = z.object({
  kind: z.string(),
  dev: z.string().optional(),
  /** `0:` for those that the kernel gives to each link. */
  handle: z.string().optional(),
  /** Whether all that leaves by the link goes through it. */
  root: z.boolean().optional(),
});

/** What `tc -json filter show` says of a filter. */
const filterSchema = z.object({
  options: z.object({ actions: z.array(z.object({ cookie: z.string().optional() })).default([]) }).optional(),
});

/** A link with its addresses. */
export type IpLink = z.infer<typeof linkSchema>;
/** A route of one family. */
export type IpRoute = z.infer<typeof routeSchema>;
/** A neighbour of either family. */
export type IpNeighbour = z.infer<typeof neighbourSchema>;
/** A queueing discipline. */
export type TcQdisc = z.infer<typeof qdiscSchema>;
/** A filter of one. */
export type TcFilter = z.infer<typeof filterSchema>;

/**
 * Understands the links of `ip -json -details address show`. Error: `tool_failed`.
 * @param text its output
 */
export const parseLinks = (text: string): IpLink[] => parseList('ip address', linkSchema, text);

/**
 * Understands `ip -json -details route show`. Error: `tool_failed`.
 * @param text its output
 */
export const parseRoutes = (text: string): IpRoute[] => parseList('ip route', routeSchema, text);

/**
 * Understands `ip -json neighbour show`. Error: `tool_failed`.
 * @param text its output
 */
export const parseNeighbours = (text: string): IpNeighbour[] =>
  parseList('ip neighbour', neighbourSchema, text);

/**
 * Understands `tc -json qdisc show`. Error: `tool_failed`.
 * @param text its output
 */
export const parseQdiscs = (text: string): TcQdisc[] => parseList('tc qdisc', qdiscSchema, text);

/**
 * Understands `tc -json filter show`. Error: `tool_failed`.
 * @param text its output
 */
export const parseFilters = (text: string): TcFilter[] => parseList('tc filter', filterSchema, text);

/** Some versions print nothing where there is nothing. */
function parseList<Entry>(tool: string, schema: z.ZodType<Entry>, text: string): Entry[] {
  try {
    return z.array(schema).parse(text.trim() === '' ? [] : JSON.parse(text));
  } catch (cause) {
    throw new SandboxError('tool_failed', `output of ${tool} is not understood`, {
      cause,
      remedy: 'install iproute2 5.15 or newer',
    });
  }
}
