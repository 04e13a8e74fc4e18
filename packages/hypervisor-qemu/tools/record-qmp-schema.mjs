// SPDX-License-Identifier: Apache-2.0
// Asks the installed QEMU for its QMP schema, keeps what qmp-vocabulary.json names and all it refers to, and writes
// qmp-schema.json. Run it after a new word went into the vocabulary or a newer QEMU came:
//   node packages/hypervisor-qemu/tools/record-qmp-schema.mjs [qemu-system-x86_64]
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const binary = process.argv[2] ?? 'qemu-system-x86_64';
const vocabulary = JSON.parse(readFileSync(new URL('qmp-vocabulary.json', import.meta.url), 'utf8'));

/** Sends the commands one after the other and returns greeting and answers. */
async function converse(commands) {
  const qemu = spawn(binary, ['-machine', 'none', '-nodefaults', '-display', 'none', '-qmp', 'stdio'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = [];
  for await (const line of createInterface({ input: qemu.stdout })) {
    const message = JSON.parse(line);
    if ('event' in message) continue;
    if ('error' in message) throw new Error(`QEMU: ${message.error.desc}`);
    answers.push(message);
    const next = commands.shift();
    if (next !== undefined) qemu.stdin.write(`${JSON.stringify(next)}\n`);
  }
  return answers;
}

const drivers = Object.keys(vocabulary.devices);
const [greeting, , { return: entities }, ...answers] = await converse([
  { execute: 'qmp_capabilities' },
  { execute: 'query-qmp-schema' },
  ...drivers.map((typename) => ({ execute: 'device-list-properties', arguments: { typename } })),
  { execute: 'quit' },
]);
const byName = new Map(entities.map((entity) => [entity.name, entity]));
const kept = new Map();
const narrowed = [];

/** Of a union with many cases, those that the vocabulary names for the command; else all. */
function withNamedCases(entity, cases) {
  const variants = entity.variants?.filter((variant) => cases.includes(variant.case)) ?? [];
  if (variants.length === 0) return entity;
  narrowed.push(entity.name);
  return { ...entity, variants };
}

function keep(name, cases) {
  if (kept.has(name)) return;
  if (!byName.has(name)) throw new Error(`QEMU has no ${name}`);
  const entity = withNamedCases(byName.get(name), cases);
  kept.set(name, entity);
  const references = [
    entity['arg-type'],
    entity['ret-type'],
    entity['element-type'],
    ...(entity['meta-type'] === 'enum' ? [] : (entity.members ?? [])).map((member) => member.type),
    ...(entity.variants ?? []).map((variant) => variant.type),
  ];
  for (const reference of references) if (reference !== undefined) keep(reference, cases);
}

for (const name of [...vocabulary.commands, ...vocabulary.events])
  keep(name, vocabulary.variants[name] ?? []);
/** What `device_add` takes for a driver is not in the schema: every device lists its own properties. */
function propertiesOf(driver, index) {
  const known = new Map(answers[index].return.map((property) => [property.name, property.type]));
  return vocabulary.devices[driver].map((name) => {
    if (!known.has(name)) throw new Error(`QEMU's ${driver} has no property ${name}`);
    return { name, type: known.get(name) };
  });
}

const { major, minor } = greeting.QMP.version.qemu;
const devices = Object.fromEntries(drivers.map((driver, index) => [driver, propertiesOf(driver, index)]));
const schema = { qemu: `${major}.${minor}`, entities: [...kept.values()], narrowed, devices };
writeFileSync(new URL('qmp-schema.json', import.meta.url), `${JSON.stringify(schema, null, 1)}\n`);
console.log(`kept ${kept.size} of ${entities.length} entities of QEMU ${schema.qemu}`);
