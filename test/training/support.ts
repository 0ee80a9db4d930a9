import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { Manifest } from '../../src/registry/manifest.js';
import { type LearntOutput, learntOutputs } from '../../src/training/outputs.js';

export const CONFIG =
  '<View><Text name="text" value="$text"/>' +
  '<Choices name="site" toName="text"><Choice value="Amazon"/><Choice value="IMDb"/><Choice value="Yelp"/></Choices>' +
  '<Choices name="topics" toName="text" choice="multiple"><Choice value="food"/><Choice value="price"/></Choices>' +
  '<Number name="age" toName="text" min="0"/></View>';

/** Entries of a manifest's `outputs` by the name of the control in `CONFIG`. */
export const OUTPUTS = {
  site: { name: 'site', control: 'Choices', choice: 'single' },
  topics: { name: 'topics', control: 'Choices', choice: 'multiple' },
  age: { name: 'age', control: 'Number' },
};

/** What a recipe of these outputs learns from in `CONFIG`. */
export function learntFrom(...names: (keyof typeof OUTPUTS)[]): LearntOutput[] {
  const outputs = names.map(name => OUTPUTS[name]);
  return learntIn(CONFIG, { format: 1, title: 'M', input: { kind: 'text' }, outputs });
}

/** What a recipe learns from in a config. */
export function learntIn(schema: string, manifest: Manifest): LearntOutput[] {
  const config = readLabelConfig(schema);
  const { binding } = bindModel({ name: 'm', manifest, outputs: null }, config);
  return learntOutputs(manifest, binding, config);
}

/** Results of an annotation, as Label Studio stores them. */
export function result(answers: { site?: unknown; topics?: unknown; age?: unknown }): object[] {
  return Object.entries(answers).map(([name, value]) => {
    const type = name === 'age' ? 'number' : 'choices';
    return { id: 'a', from_name: name, to_name: 'text', type, value: { [type]: value } };
  });
}
