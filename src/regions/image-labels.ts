import type { RegionKind } from './contract.js';
import { bindDetections, type DetectionBinding, encodeDetections } from './image/control.js';
import { ellipseOf, rectangleOf } from './image/geometry.js';
import { rectangle } from './rectangle.js';
import { regionReader } from './spans/reading.js';

interface Binding extends DetectionBinding {
  shape: 'rectangle' | 'ellipse';
}

/**
 * `<Labels>` on Image: the labels of what a `<Rectangle>` or an `<Ellipse>` beside it shows. Both are outputs of the same
 * model, and a detection's two results have the same id, as the editor wants them.
 *
 * Format: https://labelstud.io/tags/labels
 */
export const imageLabels: RegionKind<Binding> = {
  ...rectangle,
  tag: 'Labels',
  name: 'Labels on Image',
  type: 'labels',
  optionsSchema: {
    properties: {
      ...(rectangle.optionsSchema.properties as object),
      shape: { enum: ['rectangle', 'ellipse'], description: 'what they are labels of (default rectangle)' },
    },
    required: [],
  },
  bind: (target, output, options, rules = {}) => {
    const shape = (options.shape as Binding['shape'] | undefined) ?? 'rectangle';
    return { ...bindDetections(target, output, options, rules), shape };
  },
  encode: (answer, output, binding) => {
    const shapeOf = binding.shape === 'ellipse' ? ellipseOf : rectangleOf;
    return encodeDetections(answer, output, binding, 'labels', ({ box }, meta) => shapeOf(box, meta));
  },
  reader: ({ parsed }) =>
    regionReader(parsed.labels, 'labels', ({ labels: _, ...shape }) =>
      Object.values(shape).length > 0 && Object.values(shape).every(Number.isFinite) ? shape : undefined,
    ),
  example: {
    ...rectangle.example,
    control:
      '<Labels name="control" toName="object"><Label value="Car" predicted_values="car"/><Label value="Bus"/></Labels>',
    encoded: {
      results: rectangle.example.encoded.results.map(body => ({
        ...body,
        value: { ...body.value, labels: ['Car'] },
      })),
      score: 0.875,
    },
    beside: { tag: 'Rectangle', control: '<Rectangle name="beside" toName="object"/>' },
    target: [{ ...(rectangle.example.target as { labels: string[] }[])[0], labels: ['Car'] }],
  },
};
