// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, normalize } from 'node:path';
import picomatch from 'picomatch';
import { ConfigurationError } from '../configuration-error.ts';
import type { Configuration } from '../configuration.ts';
import type { KeyRule, SectionRules } from '../keys/key-rule.ts';
import { sections } from '../keys/sections.ts';
import { nearestName } from '../nearest-name.ts';
import { annotationRules, commonPrefix, prefixes, type AnnotationRule } from './annotation-rules.ts';
import { parseAnnotation } from './parse-annotation.ts';

/**
 * Applies the annotations of a sandbox or container to a configuration. They come from whoever may create pods, so: an
 * annotation of the hypervisor has to match one of the patterns in `enable_annotations`; one that begins like ours and is not
 * known is refused; a path has to be absolute, normal, and where the file has a list of patterns for it, match one. Other
 * annotations are not ours.
 *
 * Errors: `annotation_denied`, `invalid_value`.
 */
export function applyAnnotations(
  configuration: Configuration,
  annotations: Readonly<Record<string, string>>,
): Configuration {
  const allowed = configuration.list('hypervisor.qemu', 'enable_annotations').map(toPattern);
  let result = configuration;
  for (const [annotation, text] of Object.entries(annotations)) {
    const rule = annotationRules.get(annotation);
    if (rule === undefined) {
      if (!annotation.startsWith(commonPrefix)) continue;
      throw unknownAnnotation(annotation);
    }
    if (annotation.startsWith(prefixes.hypervisor)) {
      const name = annotation.slice(prefixes.hypervisor.length);
      if (!allowed.some((pattern) => pattern.test(name))) {
        throw new ConfigurationError('annotation_denied', `annotation ${annotation} is not allowed`, {
          key: annotation,
          remedy: `add ${JSON.stringify(name)} to enable_annotations`,
        });
      }
    }
    const value = parseAnnotation(annotation, text, rule, keyOf(rule), result);
    if (rule.isPath === true) checkPath(annotation, text, rule, configuration);
    const { section, key } = rule;
    result = result.with([{ section, key, value }], () => ({ kind: 'annotation', annotation }));
  }
  result.check();
  return result;
}

function keyOf({ section, key }: AnnotationRule): KeyRule {
  const rules: SectionRules = sections[section];
  const rule = rules[key];
  if (rule === undefined) throw new TypeError(`there is no key ${section}.${key}`);
  return rule;
}

/** A pattern need not match the whole name, as upstream has it: `kernel` allows `kernel_params` too. */
function toPattern(source: string): RegExp {
  try {
    return new RegExp(source, 'u');
  } catch (cause) {
    throw new ConfigurationError(
      'invalid_value',
      `enable_annotations has no pattern in ${JSON.stringify(source)}`,
      {
        key: 'hypervisor.qemu.enable_annotations',
        cause,
      },
    );
  }
}

function checkPath(
  annotation: string,
  path: string,
  { patterns }: AnnotationRule,
  configuration: Configuration,
): void {
  if (!isAbsolute(path) || normalize(path) !== path) {
    throw new ConfigurationError('invalid_value', `annotation ${annotation} is not a normal absolute path`, {
      key: annotation,
    });
  }
  if (patterns === undefined) return;
  const globs = configuration.list('hypervisor.qemu', patterns);
  const matches = globs.some((glob) =>
    picomatch.isMatch(path, glob, { dot: true, nobrace: true, noextglob: true, noglobstar: true }),
  );
  if (matches) return;
  throw new ConfigurationError(
    'annotation_denied',
    `annotation ${annotation} names a path that is not allowed`,
    {
      key: annotation,
      remedy: `add it to ${patterns}`,
    },
  );
}

function unknownAnnotation(annotation: string): ConfigurationError {
  const near = nearestName(annotation, [...annotationRules.keys()]);
  return new ConfigurationError('annotation_denied', `unknown annotation ${JSON.stringify(annotation)}`, {
    key: annotation,
    ...(near === undefined ? {} : { remedy: `write ${near}` }),
  });
}
