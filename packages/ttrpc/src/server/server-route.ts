// SPDX-License-Identifier: Apache-2.0
import type { CallContext, MethodDescriptor } from 'nice-grpc-common';
import type { MethodDefinition } from '../definition/service-definition.ts';
import type { RequestSpans } from '../envelope/request-envelope.ts';

/** A handler in the form that middleware surrounds: yields a stream's messages, returns the reply of a call that has one. */
export type GeneratorHandler = (
  request: unknown,
  context: CallContext,
) => AsyncGenerator<unknown, unknown, undefined>;

/** How the calls of a method are handled. */
export type RouteHandler =
  /** One request, one reply, no middleware: nothing between the wire and the implementation. */
  | { readonly kind: 'direct'; handle(request: unknown, context: CallContext): unknown }
  | { readonly kind: 'generator'; readonly handle: GeneratorHandler };

/** One method that a server answers. */
export interface ServerRoute {
  readonly descriptor: MethodDescriptor;
  readonly method: MethodDefinition;
  readonly handler: RouteHandler;
}

interface Entry {
  readonly service: Uint8Array;
  readonly methods: Map<number, { readonly name: Uint8Array; readonly route: ServerRoute }[]>;
}

/**
 * Finds the method of a request by the bytes of its name, without decoding them: the busiest look-up of a server.
 * Names that share a length and an outer byte share a bucket; they all come from this side, so buckets stay small.
 */
export class RouteTable {
  readonly #services = new Map<number, Entry[]>();

  /** Whether a service of this name was added. */
  hasService(service: string): boolean {
    const bytes = Buffer.from(service);
    return this.#service(bytes, 0, bytes.length) !== undefined;
  }

  /** Adds a service with its methods by wire name. */
  add(service: string, routes: Iterable<readonly [string, ServerRoute]>): void {
    const bytes = Buffer.from(service);
    const entry: Entry = { service: bytes, methods: new Map() };
    for (const [name, route] of routes) {
      const nameBytes = Buffer.from(name);
      append(entry.methods, bucketOf(nameBytes, 0, nameBytes.length), { name: nameBytes, route });
    }
    append(this.#services, bucketOf(bytes, 0, bytes.length), entry);
  }

  /** The method a request names, or which part of the name is unknown. */
  find(request: RequestSpans): ServerRoute | 'unknown_service' | 'unknown_method' {
    const { source, methodStart, methodEnd } = request;
    const service = this.#service(source, request.serviceStart, request.serviceEnd);
    if (service === undefined) return 'unknown_service';
    for (const { name, route } of service.methods.get(bucketOf(source, methodStart, methodEnd)) ?? []) {
      if (equals(name, source, methodStart, methodEnd)) return route;
    }
    return 'unknown_method';
  }

  #service(source: Uint8Array, start: number, end: number): Entry | undefined {
    for (const entry of this.#services.get(bucketOf(source, start, end)) ?? []) {
      if (equals(entry.service, source, start, end)) return entry;
    }
    return undefined;
  }
}

function bucketOf(source: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  return ((end - start) << 16) | ((source[start] ?? 0) << 8) | (source[end - 1] ?? 0);
}

function equals(name: Uint8Array, source: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) {
    if (name[index] !== source[start + index]) return false;
  }
  return true;
}

function append<Item>(buckets: Map<number, Item[]>, bucket: number, item: Item): void {
  const items = buckets.get(bucket);
  if (items === undefined) buckets.set(bucket, [item]);
  else items.push(item);
}
