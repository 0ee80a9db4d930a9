import { AppError } from '../../errors.js';
import type { ImageMeta } from '../../inputs/image/contract.js';
import type { PromptMeta } from '../../inputs/prompts/contract.js';
import type { AnnotatedResult, RegionBody, RegionExample, RegionKind } from '../contract.js';
import { THRESHOLD } from '../output-kinds.js';
import { regionReader } from '../spans/reading.js';
import { FRAME_EXAMPLE, IMAGE_EXAMPLE } from './box-kind.js';
import {
  bindDetections,
  DETECTION_OPTIONS,
  type DetectionBinding,
  labelsKey,
  leastScore,
} from './control.js';
import { type FoundMask, findMasks } from './found-masks.js';
import { frameOf } from './geometry.js';
import { MASKS } from './kinds.js';

export interface MaskBinding extends DetectionBinding {
  pixel: number;
  minArea: number;
}

const PIXEL = 0.5;
const MIN_AREA = 16;
/** Less than any score. */
const ANY_SCORE = -1;

const OPTIONS = {
  optionsSchema: {
    properties: {
      ...DETECTION_OPTIONS.optionsSchema.properties,
      model_score_threshold: {
        ...THRESHOLD,
        description:
          'what is shown scores more than this (default 0.5; all of a segmentation, whose score is its mean over the pixels, and of what is pointed at)',
      },
      mask_threshold: {
        ...THRESHOLD,
        description:
          'a pixel that scores more than this is in, where it is not the likeliest label (default 0.5)',
      },
      min_area: {
        type: 'integer',
        minimum: 1,
        description: 'pixels that a part must have to be an outline (default 16)',
      },
    },
    required: [],
  },
  overridable: [...DETECTION_OPTIONS.overridable, 'mask_threshold', 'min_area'],
} as const;

/** How a control of masks writes them. */
export interface MaskShape {
  /** What a mask is in the words of the control, once or several times. */
  shapesOf(
    found: FoundMask,
    meta: ImageMeta,
    limits: Pick<MaskBinding, 'minArea' | 'most'>,
  ): Record<string, unknown>[];
  /** What must be in a result and its value, and is read from it. */
  read(
    value: Readonly<Record<string, unknown>>,
    result: AnnotatedResult,
  ): Record<string, unknown> | undefined;
  /** What the left half of an image of 2 x 2 pixels is. */
  example: Record<string, unknown>;
  /** What that teaches. */
  target: Record<string, unknown>;
}

/** The labels of a prompt that a control has; its only label where the prompt has none. */
function promptedLabels(prompts: PromptMeta['prompts'] | undefined, labels: MaskBinding['labels']): string[] {
  const chosen = prompts?.labels ?? [];
  const known = (labels ?? []).filter(label => label !== null);
  if (chosen.length === 0 && known.length === 1) return known;
  return known.filter(label => chosen.includes(label));
}

/** The row of a control that shows the masks of a model. */
export function maskKind(
  tag: string,
  { shapesOf, read, example, target }: MaskShape,
): RegionKind<MaskBinding> {
  const key = labelsKey(tag);
  const label = key === null ? {} : { [key]: ['Road'] };
  const encoded: RegionExample['encoded'] = {
    results: [{ value: { ...example, ...label }, score: 0.75, ...FRAME_EXAMPLE }],
    score: 0.75,
  };
  return {
    tag,
    type: tag.toLowerCase(),
    ...OPTIONS,
    outputKinds: MASKS,
    needs: ['image'],
    objectTags: ['Image'],
    check() {},

    bind(target, output, options, rules = {}) {
      const mixed = output.kind === 'yolo' || output.kind === 'detections';
      if (mixed && output.tensors?.prototypes === undefined)
        throw new AppError('no_model_fits', `gives no prototypes for '${output.name}', which ${tag} needs`);
      const { model_score_threshold, mask_threshold, min_area } = options as Record<
        string,
        number | undefined
      >;
      const isPrompted = output.kind === 'prompted';
      const named = isPrompted ? { ...output, labels: target.parsed.labels } : output;
      const bound = bindDetections(target, named, isPrompted ? { top_k: 1, ...options } : options, rules);
      const isShown = isPrompted || output.kind === 'segmentation';
      return {
        ...bound,
        threshold: model_score_threshold ?? (isShown ? ANY_SCORE : bound.threshold),
        pixel: mask_threshold ?? PIXEL,
        minArea: min_area ?? MIN_AREA,
      };
    },

    encode(answer, output, binding) {
      const meta = answer.metas[0] as ImageMeta;
      const { labels, most } = binding;
      const { prompts } = meta as Partial<PromptMeta>;
      const isPrompted = output.kind === 'prompted';
      const wants = (each: number) => labels === null || labels[each] !== null;
      const results: RegionBody[] = [];
      for (const found of findMasks(answer, output, { ...binding, wants })) {
        const { label, score } = found;
        const names = isPrompted ? promptedLabels(prompts, labels) : [labels?.[label]];
        if (key !== null && names.length === 0) break;
        for (const shape of shapesOf(found, meta, binding)) {
          const value = key === null ? shape : { ...shape, [key]: names };
          const id = prompts && { id: `${prompts.id}-${tag.toLowerCase()}-${results.length}` };
          results.push({ value, ...(score !== null && { score }), ...frameOf(meta), ...id });
        }
        if (results.length >= most) break;
      }
      const shown = results.slice(0, most);
      return { results: shown, score: leastScore(shown) };
    },

    reader: ({ parsed }) => regionReader(parsed.labels, key, read),

    example: {
      control: `<${tag} name="control" toName="object">${key === null ? '' : '<Label value="Road"/>'}</${tag}>`,
      options: { min_area: 1 },
      input: IMAGE_EXAMPLE,
      output: {
        name: 'ground',
        kind: 'segmentation',
        tensor: 'scores',
        labels: ['Nothing', 'Road'],
        background: 'Nothing',
      },
      outputs: {
        scores: {
          type: 'float32',
          data: Float32Array.of(0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75, 0.25),
          dims: [1, 2, 2, 2],
        },
      },
      encoded,
      target: [{ ...target, labels: key === null ? [] : ['Road'] }],
    },
  };
}
