import { assert } from 'chai';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { type Detection, detect } from '../../src/regions/image/detections.js';
import { cornersOf } from '../../src/regions/image/geometry.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { originals, type Packed, unpacked } from './originals.js';

interface Case {
  name: string;
  tensors: Record<string, Packed>;
  output: Omit<OutputSpec, 'name'> & { angle?: boolean };
  threshold: number;
  overlap?: number;
  most: number;
  /** Pixels of the original. */
  size: [number, number];
  /** By score: corners, or all four corners of turned boxes. */
  found: { box: number[]; score: number; label: number }[];
}

const CASES = 100;
/** The tensor is as large as the original for heads that place things in pixels. */
const TENSOR = 640;

function ours({ tensors, output, threshold, overlap, most, size }: Case): Detection[] {
  const outputs: Record<string, PlainTensor> = {};
  for (const [name, packed] of Object.entries(tensors)) outputs[name] = unpacked(packed);
  const [width, height] = size;
  const relative = output.unit === 'relative';
  const [tensorWidth, tensorHeight] = relative ? [TENSOR, TENSOR] : [width, height];
  const scales = { scaleX: tensorWidth / width, scaleY: tensorHeight / height, left: 0, top: 0 };
  const { tensor, ...parts } = Object.fromEntries(Object.keys(tensors).map(name => [name, name]));
  const spec = { name: 'out', ...output, ...(tensor === undefined ? { tensors: parts } : { tensor }) };
  return detect(
    { outputs, row: 0, metas: [{ width, height, tensorWidth, tensorHeight, ...scales }] },
    spec as OutputSpec,
    { threshold, overlap: overlap ?? null, most, wants: () => true },
  );
}

/** How far two boxes are apart at most, in pixels; of turned ones each corner to its nearest. */
function distance({ box }: Detection, other: readonly number[]): number {
  const corners = cornersOf(box);
  if (other.length === 4) {
    const [left, top] = corners[0]!;
    const [right, bottom] = corners[2]!;
    return Math.max(...[left, top, right, bottom].map((side, at) => Math.abs(side - other[at]!)));
  }
  const points = [0, 2, 4, 6].map(at => [other[at]!, other[at + 1]!] as const);
  return Math.max(...corners.map(([x, y]) => Math.min(...points.map(([a, b]) => Math.hypot(x - a, y - b)))));
}

describe('detections, as the libraries of the models make them', () => {
  let cases: Case[];

  before(async () => {
    cases = await originals<Case>('test/torch/detections.py', `${CASES}`);
  });

  for (const name of [
    'detr',
    'yolos',
    'rt_detr',
    'deformable_detr',
    'yolo',
    'yolo obb',
    'yolox',
    'nanodet',
  ]) {
    it(`are the same as those of ${name}, in ${CASES} random cases`, () => {
      const own = cases.filter(each => each.name === name);
      assert.lengthOf(own, CASES);
      let count = 0;
      for (const each of own) {
        const made = ours(each);
        const left = new Set(made);
        for (const { box, score, label } of each.found) {
          const same = [...left].find(
            own => own.label === label && Math.abs(own.score - score) < 1e-5 && distance(own, box) < 1e-3,
          );
          assert.isDefined(same, `${label} of ${score} at ${box}`);
          left.delete(same!);
          count++;
        }
        assert.isEmpty(left);
      }
      assert.isAbove(count, CASES);
    });
  }
});
