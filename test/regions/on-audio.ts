import type { AudioMeta } from '../../src/inputs/audio/contract.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { audioLabels } from '../../src/regions/audio-labels.js';
import type { EncodedRow } from '../../src/regions/contract.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { collect } from '../support/predictions.js';

const CONFIG =
  '<View><Audio name="object" value="$call"/><Labels name="control" toName="object"><Label value="Speech"/><Label value="Music"/></Labels></View>';

/** What `<Labels>` on Audio shows of a graph's outputs; Label Studio's validator takes it. */
export function encodeAudio(
  output: OutputSpec,
  outputs: Record<string, PlainTensor>,
  metas: readonly AudioMeta[],
  options: Record<string, unknown> = {},
): EncodedRow {
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: 'audio', sample_rate: metas[0]!.rate },
    outputs: [{ name: 'out', control: 'Labels', ...options }],
  };
  const { binding } = bindModel({ name: 'm', manifest, outputs: [output] }, readLabelConfig(CONFIG));
  const answer = audioLabels.encode({ outputs, row: 0, metas }, output, binding.controls[0]!.data as never);
  const common = { from_name: 'control', to_name: 'object', type: 'labels' };
  const result = answer.results.map((body, index) => ({ id: String(index), ...common, ...body }));
  collect(CONFIG, [{ result, score: answer.score, model_version: 'm:1' }]);
  return answer;
}
