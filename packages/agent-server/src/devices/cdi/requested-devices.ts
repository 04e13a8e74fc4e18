// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import { AgentError } from '../../errors/agent-error.ts';

const annotationPrefix = 'cdi.k8s.io/';
const containerType = 'io.katacontainers.pkg.oci.container_type';
const variable = 'VISIBLE_CDI_DEVICES';
const namePattern = /^[a-z][\w.-]*\/[a-z][\w.-]*=[a-z0-9][\w.:-]*$/i;
const maxIndex = 0xffff_ffff;

/** What these texts mean for a variable of this kind: nothing is asked for. */
const nothing: ReadonlySet<string> = new Set(['', 'none', 'void']);

function refuse(operand: string, problem: string): never {
  throw new AgentError('invalid_request', problem, { operand });
}

function checkName(name: string, where: string): string {
  return namePattern.test(name)
    ? name
    : refuse(name, `${where} names no CDI device: ${JSON.stringify(name)}, not <vendor>/<class>=<name>`);
}

function fromAnnotations(annotations: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(annotations).flatMap(([key, value]) =>
    key.startsWith(annotationPrefix) ? value.split(',').map((name) => checkName(name.trim(), key)) : [],
  );
}

/** One `<kind>=<list>` of the variable, the list `all` or indices. */
function fromEntry(entry: string): readonly string[] {
  const fail = (problem: string) =>
    refuse(entry, `invalid ${variable}: entry ${JSON.stringify(entry)} ${problem}`);
  const equals = entry.indexOf('=');
  const kind = entry.slice(0, Math.max(equals, 0)).trim();
  if (kind === '') fail('has no kind');
  const tokens = entry
    .slice(equals + 1)
    .split(',')
    .map((token) => token.trim());
  if (tokens.length > 1 && tokens.includes('all')) fail('mixes "all" with indices');
  return tokens.map((token) => {
    const isIndex = /^\d+$/.test(token) && Number(token) <= maxIndex;
    if (token !== 'all' && !isIndex)
      fail(`has ${JSON.stringify(token)}, which is neither "all" nor an index`);
    return checkName(`${kind}=${isIndex ? Number(token) : token}`, variable);
  });
}

function fromEnvironment(env: readonly string[]): readonly string[] {
  const prefix = `${variable}=`;
  const value =
    env
      .find((word) => word.startsWith(prefix))
      ?.slice(prefix.length)
      .trim() ?? '';
  return nothing.has(value) ? [] : value.split(':').flatMap((entry) => fromEntry(entry.trim()));
}

/**
 * The CDI devices a container asks for by its annotations and, if that is wanted, by its environment. The container that only
 * holds a sandbox asks for none.
 *
 * @throws AgentError `invalid_request` for what names no device
 */
export function requestedCdiDevices(spec: OciSpec, visible: boolean): readonly string[] {
  const annotations = spec.annotations ?? {};
  if (annotations[containerType] === 'pod_sandbox') return [];
  const byEnvironment = visible ? fromEnvironment(spec.process?.env ?? []) : [];
  return [...new Set([...fromAnnotations(annotations), ...byEnvironment])];
}
