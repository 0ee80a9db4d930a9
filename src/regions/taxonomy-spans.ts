import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { RegionKind } from './contract.js';
import { labels, placesInText } from './labels.js';
import { bindSpansTo, encodeSpans, SPAN_OPTIONS, SPANS, type SpansBinding } from './spans/control.js';
import { isOffset, regionReader } from './spans/reading.js';
import { checkNodes, namesByPath, pathsOf, taxonomy } from './taxonomy.js';

/**
 * Tags of tokens, or listed spans, to `<Taxonomy labeling="true">` on Text: each entity of the model is a node, by the rules
 * of whole tasks.
 *
 * Format: https://labelstud.io/tags/taxonomy, with the offsets of Labels on Text.
 */
export const taxonomySpans: RegionKind<SpansBinding> = {
  tag: 'Taxonomy',
  name: 'Taxonomy of spans',
  type: 'taxonomy',
  labeling: true,
  ...SPAN_OPTIONS,
  optionsSchema: {
    properties: {
      ...SPAN_OPTIONS.optionsSchema.properties,
      separator: (taxonomy.optionsSchema.properties as Record<string, object>).separator!,
    },
    required: [],
  },
  outputKinds: SPANS,
  needs: ['tokens'],
  objectTags: ['Text'],

  check(target) {
    if (attribute(target.attributes, 'perItem') === 'true') {
      throw new AppError(
        'no_model_fits',
        `marks spans; the config's Taxonomy '${target.name}' has perItem="true"`,
      );
    }
    checkNodes(target);
  },

  bind: (target, output, options) =>
    bindSpansTo(target, output, options, entities => pathsOf(entities, target, options)),

  encode: (answer, output, binding) => encodeSpans(answer, output, binding, 'taxonomy', placesInText),

  reader(target, options) {
    const names = namesByPath(target, options);
    const { labels, read } = regionReader([...new Set(names.values())], 'taxonomy', ({ start, end }) =>
      isOffset(start) && isOffset(end) && start < end ? { start, end } : undefined,
    );
    const named = (value: unknown) => {
      const { taxonomy: chosen, ...place } = (value ?? {}) as Record<string, unknown>;
      if (!Array.isArray(chosen)) return value;
      // A path that the config has no more stays one, which is the name of no node.
      return { ...place, taxonomy: chosen.map(path => names.get(JSON.stringify(path)) ?? path) };
    };
    return { labels, read: results => read(results.map(each => ({ ...each, value: named(each.value) }))) };
  },

  example: {
    ...labels.example,
    control:
      '<Taxonomy name="control" toName="object" labeling="true"><Choice value="Being"><Choice value="Person" ' +
      'predicted_values="PER"/></Choice><Choice value="ORG"/></Taxonomy>',
    encoded: {
      results: [
        { value: { start: 2, end: 14, text: 'Ada Lovelace', taxonomy: [['Being', 'Person']] }, score: 0.75 },
      ],
      score: 0.4375,
    },
    target: [{ start: 2, end: 14, labels: ['Being/Person'] }],
  },
};
