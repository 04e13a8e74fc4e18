// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as agent from './generated/agent.ts';
import * as csi from './generated/csi.ts';
import * as health from './generated/health.ts';
import * as processIo from './generated/hako/agent/v1/process_io.ts';
import * as sandboxDisks from './generated/hako/owner/v1/sandbox_disks.ts';
import * as sandboxResources from './generated/hako/owner/v1/sandbox_resources.ts';
import * as oci from './generated/oci.ts';
import * as types from './generated/types.ts';

const root = resolve(import.meta.dirname, '../../..');
const bufProgram = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');

/** Runs buf, an implementation of protobuf that shares no code with the generated one. */
function buf(args: readonly string[], input?: Uint8Array): string {
  const run = spawnSync(process.execPath, [bufProgram, ...args], { cwd: root, input, encoding: 'utf8' });
  expect(run.stderr, `buf ${args.join(' ')}`).toBe('');
  expect(run.status).toBe(0);
  return run.stdout;
}

interface FieldDescriptor {
  name: string;
  number: number;
  label: string;
  type: string;
  typeName?: string;
  oneofIndex?: number;
  proto3Optional?: boolean;
}
interface EnumDescriptor {
  name: string;
  value: { name: string; number?: number }[];
}
interface MessageDescriptor {
  name: string;
  field?: FieldDescriptor[];
  nestedType?: (MessageDescriptor & { options?: { mapEntry?: boolean } })[];
  enumType?: EnumDescriptor[];
  oneofDecl?: { name: string }[];
}
interface MethodDescriptor {
  name: string;
  inputType: string;
  outputType: string;
  clientStreaming?: boolean;
  serverStreaming?: boolean;
}
interface FileDescriptor {
  package: string;
  messageType?: MessageDescriptor[];
  enumType?: EnumDescriptor[];
  service?: { name: string; method: MethodDescriptor[] }[];
}

const bare = (typeName: string): string => typeName.split('.').at(-1) ?? typeName;

function typeText(field: FieldDescriptor, message: MessageDescriptor): string {
  const type = field.typeName ? bare(field.typeName) : field.type.replace('TYPE_', '').toLowerCase();
  const entry = message.nestedType?.find((nested) => nested.name === type && nested.options?.mapEntry);
  if (entry) {
    const [key, value] = (entry.field ?? []).map((part) => typeText(part, entry));
    return `map<${key},${value}>`;
  }
  if (field.label === 'LABEL_REPEATED') return `[]${type}`;
  return field.proto3Optional ? `?${type}` : type;
}

function fieldLine(field: FieldDescriptor, message: MessageDescriptor, name: string): string {
  const oneof = field.proto3Optional ? undefined : message.oneofDecl?.[field.oneofIndex ?? Number.NaN]?.name;
  return `field ${name} ${field.number} ${field.name} ${typeText(field, message)}${oneof ? ` oneof=${oneof}` : ''}`;
}

function enumLines(type: EnumDescriptor, prefix: string): string[] {
  return type.value.map(({ name, number }) => `value ${prefix}${type.name} ${number ?? 0} ${name}`);
}

function messageLines(message: MessageDescriptor, prefix: string): string[] {
  const name = `${prefix}${message.name}`;
  const fields = message.field ?? [];
  return [
    ...(fields.length === 0 ? [`message ${name}`] : fields.map((field) => fieldLine(field, message, name))),
    ...(message.enumType ?? []).flatMap((type) => enumLines(type, `${name}.`)),
  ];
}

function methodText({ name, inputType, outputType, ...shape }: MethodDescriptor): string {
  const streamed = (type: string, streams = false): string =>
    streams ? `stream<${bare(type)}>` : bare(type);
  return `${name} ${streamed(inputType, shape.clientStreaming)} ${streamed(outputType, shape.serverStreaming)}`;
}

function contractLines(file: FileDescriptor): string[] {
  const prefix = `${file.package}.`;
  return [
    ...(file.messageType ?? []).flatMap((message) => messageLines(message, prefix)),
    ...(file.enumType ?? []).flatMap((type) => enumLines(type, prefix)),
    ...(file.service ?? []).flatMap((service) =>
      service.method.map((method) => `method ${prefix}${service.name} ${methodText(method)}`),
    ),
  ];
}

describe('the descriptors of protos/', () => {
  const image = JSON.parse(
    buf(['build', '-o', '-#format=json', '--exclude-source-info', '--exclude-imports']),
  ) as {
    file: FileDescriptor[];
  };
  const actual = image.file.flatMap(contractLines).sort();
  const contract = readFileSync(resolve(root, 'packages/protocols/wire-contract.txt'), 'utf8')
    .trimEnd()
    .split('\n');

  test('still have every field, number, type and method of the contract', () => {
    const present = new Set(actual);
    expect(contract.filter((line) => !present.has(line))).toEqual([]);
  });

  test('have nothing that the contract does not name yet', () => {
    const known = new Set(contract);
    expect(actual.filter((line) => !known.has(line))).toEqual([]);
  });
});

interface Definition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, { readonly name: string }>>;
}

test('the service definitions carry the names of all 44 methods of Kata and the six of Hako', () => {
  const contract = readFileSync(resolve(root, 'packages/protocols/wire-contract.txt'), 'utf8');
  const definitions: readonly Definition[] = [
    agent.AgentServiceDefinition,
    health.HealthDefinition,
    processIo.ProcessIODefinition,
    sandboxDisks.SandboxDisksServiceDefinition,
    sandboxResources.SandboxResourcesServiceDefinition,
  ];
  const methods = definitions.flatMap(({ fullName, methods }) =>
    Object.values(methods).map(({ name }) => `method ${fullName} ${name} `),
  );
  expect(methods).toHaveLength(50);
  expect(methods.filter((line) => !contract.includes(line))).toEqual([]);
});

interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  fromPartial(partial: object): unknown;
  toJSON(message: never): unknown;
  fromJSON(json: unknown): unknown;
}

const codecs = Object.fromEntries(
  [agent, csi, health, oci, processIo, sandboxDisks, sandboxResources, types].flatMap((module) =>
    Object.entries(module).filter(([, value]) => typeof value === 'object' && 'encode' in value),
  ),
) as unknown as Record<string, Codec>;

/** Bytes written out by hand from the field tables: tag byte = number × 8 + wire type (0 varint, 2 length-delimited). */
const golden: readonly { name: string; type: string; message: object; hex: readonly string[] }[] = [
  {
    name: 'strings and bytes',
    type: 'grpc.WriteStreamRequest',
    message: { containerId: 'c1', execId: 'e', data: new Uint8Array([0, 255]) },
    hex: ['0a 02 63 31', '12 01 65', '1a 02 00 ff'],
  },
  {
    name: 'a field that starts at number 2',
    type: 'grpc.ReseedRandomDevRequest',
    message: { data: new Uint8Array([1, 2, 3]) },
    hex: ['12 03 01 02 03'],
  },
  {
    name: 'a negative 64-bit number as ten bytes',
    type: 'grpc.SetGuestDateTimeRequest',
    message: { Sec: -1n, Usec: 999_999n },
    hex: ['08 ff ff ff ff ff ff ff ff ff 01', '10 bf 84 3d'],
  },
  {
    name: 'signed 32-bit ids and large offsets',
    type: 'grpc.CopyFileRequest',
    message: {
      path: '/f',
      fileSize: 2n ** 40n,
      fileMode: 0o100644,
      uid: -1,
      offset: 2n ** 33n,
      data: new Uint8Array([7]),
    },
    hex: [
      '0a 02 2f 66',
      '10 80 80 80 80 80 20',
      '18 a4 83 02',
      '28 ff ff ff ff ff ff ff ff ff 01',
      '38 80 80 80 80 20',
      '42 01 07',
    ],
  },
  {
    name: 'packed repeated numbers',
    type: 'grpc.AddSwapRequest',
    message: { PCIPath: [2, 300] },
    hex: ['0a 03 02 ac 02'],
  },
  {
    name: 'repeated 64-bit numbers above 2^53',
    type: 'grpc.MemHotplugByProbeRequest',
    message: { memHotplugProbeAddr: [2n ** 63n] },
    hex: ['0a 0a 80 80 80 80 80 80 80 80 80 01'],
  },
  {
    name: 'optional fields that are present with their zero',
    type: 'grpc.MemAgentMemcgConfig',
    message: { disabled: false, periodSecs: 0n },
    hex: ['08 00', '20 00'],
  },
  {
    name: 'nested messages and lists of messages',
    type: 'grpc.CreateSandboxRequest',
    message: {
      hostname: 'h',
      storages: [{ driver: 'virtio-fs', mountPoint: '/m', fsGroup: { groupId: 5, groupChangePolicy: 1 } }],
      sandboxId: 's',
    },
    hex: [
      '0a 01 68',
      '1a 15',
      '   0a 09 76 69 72 74 69 6f 2d 66 73',
      '   32 02 2f 6d',
      '   3a 04 10 05 18 01',
      '2a 01 73',
    ],
  },
  {
    name: 'a map',
    type: 'grpc.MemoryStats',
    message: { stats: { rss: 2n ** 64n - 1n } },
    hex: ['32 10', '   0a 03 72 73 73', '   10 ff ff ff ff ff ff ff ff ff 01'],
  },
  {
    name: 'a oneof that is set to zero',
    type: 'grpc.LinuxSyscall',
    message: { Names: ['a'], Action: 'b', ErrnoRet: { $case: 'errnoret', value: 0 } },
    hex: ['0a 01 61', '12 01 62', '18 00'],
  },
  {
    name: 'an enum and a message of package types',
    type: 'types.Interface',
    message: {
      name: 'eth0',
      IPAddresses: [{ family: 1, address: '::1', mask: '128' }],
      mtu: 1500n,
      rawFlags: 128,
    },
    hex: [
      '12 04 65 74 68 30',
      '1a 0c',
      '   08 01',
      '   12 03 3a 3a 31',
      '   1a 03 31 32 38',
      '20 dc 0b',
      '40 80 01',
    ],
  },
  {
    name: 'bytes in a oneof',
    type: 'hako.agent.v1.AttachRequest',
    message: { content: { $case: 'stdin', value: new Uint8Array([7, 8]) } },
    hex: ['12 02 07 08'],
  },
  {
    name: 'an exit code of 0 in a oneof',
    type: 'hako.agent.v1.AttachResponse',
    message: { content: { $case: 'exit', value: 0 } },
    hex: ['40 00'],
  },
  { name: 'no set field', type: 'grpc.DestroySandboxRequest', message: {}, hex: [] },
];

describe.each(golden)('$type with $name', ({ type, message, hex }) => {
  const codec = codecs[bare(type)]!;
  const bytes = Uint8Array.from(Buffer.from(hex.join('').replaceAll(' ', ''), 'hex'));
  const whole = codec.fromPartial(message);

  test('is encoded to the annotated bytes', () => {
    expect(Buffer.from(codec.encode(whole as never).finish()).toString('hex')).toBe(
      Buffer.from(bytes).toString('hex'),
    );
  });

  test('is decoded from the annotated bytes', () => {
    expect(codec.decode(bytes)).toEqual(whole);
  });

  test('reads the same in an independent implementation', () => {
    const json = buf(['convert', '--type', type, '--from', '-#format=binpb', '--to', '-#format=json'], bytes);
    expect(codec.fromJSON(JSON.parse(json === '' ? '{}' : json))).toEqual(whole);
  });

  test('skips fields it does not know', () => {
    const unknown = Uint8Array.from([...bytes, 0xfa, 0x3f, 0x03, 1, 2, 3, 0xf8, 0x3f, 0x05]);
    expect(codec.decode(unknown)).toEqual(whole);
  });
});

test('repeated numbers are accepted unpacked as well', () => {
  expect(agent.AddSwapRequest.decode(Uint8Array.from([0x08, 2, 0x08, 0xac, 2]))).toEqual({
    PCIPath: [2, 300],
  });
});

test('decoded bytes are a view into the message, not a copy', () => {
  const wire = agent.ReadStreamResponse.encode({ data: new Uint8Array(1000) }).finish();
  expect(agent.ReadStreamResponse.decode(wire).data.buffer).toBe(wire.buffer);
});

test('JSON input takes field names in both spellings', () => {
  const camel = agent.StartContainerRequest.fromJSON({ containerId: 'c' });
  expect(agent.StartContainerRequest.fromJSON({ container_id: 'c' })).toEqual(camel);
});

test('whatever bytes arrive, every decoder ends with a message or an error', () => {
  const names = fc.constantFrom(...Object.keys(codecs));
  fc.assert(
    fc.property(names, fc.uint8Array({ maxLength: 200 }), (name, bytes) => {
      try {
        codecs[name]!.decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a length that exceeds the input is refused before anything is allocated', () => {
  expect(() =>
    agent.ReadStreamResponse.decode(Uint8Array.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07])),
  ).toThrow(RangeError);
});
