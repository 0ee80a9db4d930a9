import { attribute } from '../../src/label-config/attribute.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { Prediction } from '../../src/model.js';
import { FORMATS, strangeIn } from '../support/value-formats.js';

/** The keys of a value that hold labels. */
const LABELS = /labels$|^choices$|^taxonomy$/;

/**
 * What keeps a prediction from being one that Label Studio's editor would show and submit under a config; empty: nothing.
 * Its validator looks at each beside that.
 */
export function faultsOf(config: string, { result, score }: Prediction): string[] {
  const { parsed, controls } = readLabelConfig(config);
  const faults: string[] = [];
  if (score !== null && score !== undefined && !(typeof score === 'number' && score >= 0 && score <= 1))
    faults.push(`the score ${score}`);
  for (const each of result) {
    if (each.type === 'relation') continue;
    const { from_name = '', to_name = '', type, value = {} } = each;
    const control = parsed[from_name];
    const { tag, attributes = {} } = controls.get(from_name) ?? {};
    const has = (name: string) => attribute(attributes, name);
    if (control === undefined || tag === undefined || !control.to_name.includes(to_name)) {
      faults.push(`a result of '${from_name}' for '${to_name}'`);
      continue;
    }
    if (type !== tag.toLowerCase()) faults.push(`the type ${type} of ${tag}`);
    const isOfRegion = has('perRegion') === 'true';
    const formats = FORMATS.filter(
      ({ entry, result_type }) => result_type === type && (isOfRegion || !entry.includes('perRegion')),
    );
    // What describes a region has the place of that, which the table of formats leaves out.
    const place = isOfRegion
      ? result.find(other => other.id === each.id && other !== each)?.value
      : undefined;
    const own = Object.fromEntries(Object.entries(value).filter(([key]) => place?.[key] === undefined));
    const strange = formats.map(format => strangeIn(format, own, isOfRegion));
    if (!strange.some(found => found.length === 0))
      faults.push(`${type}: ${strange.map(String).join('; or ')}`);
    for (const [key, names] of Object.entries(value)) {
      if (!LABELS.test(key) || !Array.isArray(names)) continue;
      if (names.length === 0) faults.push(`no ${key}`);
      const unknown = names.flat().filter(name => !control.labels.includes(name as string));
      // A Labels beside has them for VideoRectangle.
      if (unknown.length > 0 && tag !== 'VideoRectangle') faults.push(`${key}: ${unknown}`);
    }
    if (tag === 'Choices' && has('choice') !== 'multiple' && (value.choices as unknown[]).length !== 1)
      faults.push('several of single choices');
    if (tag === 'Rating' && !((value.rating as number) <= Number(has('maxRating') ?? 5)))
      faults.push(`${value.rating} stars`);
    if (tag === 'Number') {
      const number = value.number as number;
      if (!(number >= Number(has('min') ?? '-Infinity') && number <= Number(has('max') ?? 'Infinity')))
        faults.push(`the number ${number}`);
    }
  }
  const ids = result.flatMap(each => (each.type === 'relation' ? [] : `${each.id} ${each.from_name}`));
  if (new Set(ids).size !== ids.length) faults.push('two results of one id');
  return faults;
}
