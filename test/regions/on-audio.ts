import type { AudioMeta } from '../../src/inputs/audio/contract.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { audioLabels } from '../../src/regions/audio-labels.js';
import type { EncodedRow, RegionKind } from '../../src/regions/contract.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { answered } from './bound.js';

const XML =
  '<View><Audio name="t" value="$call"/><Labels name="c" toName="t"><Label value="Speech"/><Label value="Music"/></Labels></View>';

/** What `<Labels>` on Audio shows of a graph's outputs; Label Studio's validator takes it. */
export function encodeAudio(
  output: OutputSpec,
  outputs: Record<string, PlainTensor>,
  metas: readonly AudioMeta[],
  options: Record<string, unknown> = {},
): EncodedRow {
  const input = { kind: 'audio', sample_rate: metas[0]!.rate };
  return answered(audioLabels as RegionKind, { xml: XML, input, output, options }, outputs, metas);
}
