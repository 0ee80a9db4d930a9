import type { InputPlace } from '../inputs/contract.js';
import { parseShown } from '../inputs/shown/value.js';
import { attribute } from './attribute.js';
import { grouped, oncePerConfig } from './once.js';
import type { LabelConfig, TagInfo } from './parse.js';

/** The tags whose `valueType="url"` the editor follows; files are behind addresses in any case. */
const FETCHED: readonly string[] = ['Text', 'HyperText', 'Paragraphs'];

/** The Channels by the object that they are in. */
const channelsOf = oncePerConfig(({ others }) =>
  grouped(
    others.filter(({ tag }) => tag === 'Channel'),
    ({ object }) => object,
  ),
);

const placesOfObjects = oncePerConfig(() => new Map<TagInfo, InputPlace>());

/** Where an object tag finds its value in a task. */
export function placeOfObject(object: TagInfo, config: LabelConfig): InputPlace {
  const known = placesOfObjects(config);
  const place = known.get(object) ?? readPlace(object, config);
  known.set(object, place);
  return place;
}

function readPlace({ name, tag, attributes, content }: TagInfo, config: LabelConfig): InputPlace {
  const pages = tag === 'Image' ? attribute(attributes, 'valueList') : undefined;
  const shown = parseShown(pages ?? content ?? attribute(attributes, 'value') ?? '');
  const columns = (channelsOf(config).get(name) ?? []).flatMap(
    each => attribute(each.attributes, 'column') || [],
  );
  return {
    object: name,
    tag,
    attributes,
    shown: { ...shown, ...(config.objects.keys().next().value === name && { isFirst: true }) },
    isUrl: FETCHED.includes(tag) && attribute(attributes, 'valueType') === 'url',
    ...(pages !== undefined && { pages: true }),
    ...(columns.length > 0 && { columns: [...new Set(columns)] }),
  };
}

/**
 * Where the object tags that a control points at find their values, in the order of its `toName`; each once.
 *
 * @param control the control's name
 * @param objectTags the tags that will do; empty: any
 */
export function placesOf(config: LabelConfig, control: string, objectTags: readonly string[]): InputPlace[] {
  return [...new Set(config.parsed[control]!.to_name)].flatMap(name => {
    const object = config.objects.get(name);
    const isOne = object !== undefined && (objectTags.length === 0 || objectTags.includes(object.tag));
    if (!isOne) return [];
    const { pages, ...place } = placeOfObject(object, config);
    // A model that reads no image speaks of the task as a whole.
    return pages && objectTags.includes('Image') ? { ...place, pages } : place;
  });
}
