import { attribute } from './attribute.js';
import { LabelConfigError } from './error.js';
import { IndexFlags } from './index-flags.js';
import { type Attributes, readXml } from './xml.js';

/** An object tag, such as Text or Image, as a control sees it. */
export interface ParsedInput {
  type: string;
  valueType: string | null;
  /** The attribute `value` without all leading `$`; missing if only `valueList` is set. */
  value?: string;
  valueList?: string;
}

/** A control tag, such as Choices or RectangleLabels. The names of its members are those of Label Studio. */
export interface ParsedControl {
  type: string;
  to_name: string[];
  /** The index flags of Repeater tags that are part of a name in `to_name`, each with `.*`. */
  regex?: Record<string, '.*'>;
  conditionals?: { type: 'tag' | 'label' | 'choice'; name: string };
  /** Set where the labels come from the task or from a URL. */
  dynamic_labels?: true;
  /** The objects that `to_name` names; names without an object are left out. */
  inputs: ParsedInput[];
  labels: string[];
  labels_attrs: Record<string, Attributes>;
}

/** What Label Studio's `parse_config` returns: controls by name. It and all records in it have no prototype. */
export type ParsedLabelConfig = Record<string, ParsedControl>;

/** A Label, Choice or Relation with those inside of it. */
export interface LabelNode {
  /** What Label Studio calls the label: `alias`, else `value`, else `valueList`. */
  value: string;
  attributes: Attributes;
  children: LabelNode[];
}

/** A control or object tag with all its attributes. */
export interface TagInfo {
  name: string;
  tag: string;
  attributes: Attributes;
  /** Whether it stands in a Repeater, which makes one of it for each item of a task. */
  isRepeated?: true;
  /** What is between its tags, of an object that the editor fills with it in the place of its `value`. */
  content?: string;
  /** The labels of a control as they are nested, in the order of the source, duplicates included; unset if there are none. */
  labelTree?: LabelNode[];
}

/** A tag that is neither a control nor an object nor a label of a control, such as Bucket. */
export interface OtherTag {
  tag: string;
  attributes: Attributes;
  /** The name of the control that it is in; undefined: in none. */
  control: string | undefined;
  /** The name of the object that it is in, as a Channel in a TimeSeries; undefined: in none. */
  object: string | undefined;
}

/** A labeling config, read once. */
export interface LabelConfig {
  /** The source. */
  xml: string;
  parsed: ParsedLabelConfig;
  /** The controls by name, in Label Studio's order (which `parsed` cannot keep for names such as "10" and "9"). */
  controls: Map<string, TagInfo>;
  /** The objects by name, in the order in which each name first occurs. */
  objects: Map<string, TagInfo>;
  /** The tags that are none of these, in the order of the source. */
  others: OtherTag[];
}

/**
 * Reads a labeling config to the same result as Label Studio's own `parse_config`.
 *
 * @param xml - the labeling config; an empty string, null and undefined give `{}`, as in Python
 * @returns the controls by name; its members are in the same order, save for names that are array indices
 * @throws {LabelConfigError} for everything that lxml refuses, and on purpose: for every DOCTYPE (Label Studio refuses them
 *   when a project is saved), for anything but a string, and where index flags or namespaces would multiply without a bound
 *
 * @example
 * ```ts
 * parseLabelConfig(
 *   '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>',
 * );
 * // { c: { type: 'Choices', to_name: ['t'], inputs: [{ type: 'Text', valueType: null, value: 'text' }],
 * //        labels: ['a'], labels_attrs: { a: { value: 'a' } } } }
 * ```
 *
 * @see `parse_config` in label-studio-sdk 2.1.2, `_extensions/label_studio_tools/core/label_config.py`
 */
export function parseLabelConfig(xml: string | null | undefined): ParsedLabelConfig {
  return readLabelConfig(xml).parsed;
}

/**
 * Reads a labeling config as {@link parseLabelConfig} does, and keeps the attributes of its control and object tags.
 *
 * Of tags with the same name the last one counts, in `parsed` and in the maps alike, at the place of the first one. The labels
 * of all controls with the same name are joined.
 *
 * @throws {LabelConfigError} as {@link parseLabelConfig} does
 *
 * @example
 * ```ts
 * const config = readLabelConfig('<View><Choices name="c" toName="t" choice="multiple"/></View>');
 * config.controls.get('c')?.attributes['choice']; // 'multiple'
 * ```
 */
export function readLabelConfig(xml: string | null | undefined): LabelConfig {
  const config = new ConfigReader();
  if (xml !== '' && xml !== null && xml !== undefined) {
    if (typeof xml !== 'string') throw new LabelConfigError(`it must be a string, not a ${typeof xml}`, 1, 1);
    readXml(xml, config);
  }
  return config.result(xml ?? '');
}

const LABEL_TAGS: ReadonlySet<string> = new Set(['Label', 'Choice', 'Relation']);
const NOT_CONTROL_TAGS: ReadonlySet<string> = new Set(['Filter']);

/** An element that is open; `label` is set if it is a label of the control `labelOf`. */
interface OpenElement {
  name: string | undefined;
  /** Set if it is an object. */
  object?: TagInfo;
  hasElements?: true;
  isRepeater: boolean;
  labelOf?: string;
  label?: LabelNode;
}

/** Label Studio's rules for controls, objects and labels, element by element in the order of the source. */
class ConfigReader {
  readonly #open: OpenElement[] = [];
  readonly #flags = new IndexFlags();
  readonly #outputs = new Map<string, ParsedControl>();
  readonly #inputs = new Map<string, ParsedInput>();
  readonly #labels = new Map<string, Map<string, Attributes>>();
  readonly #controls = new Map<string, TagInfo>();
  readonly #objects = new Map<string, TagInfo>();
  readonly #labelTrees = new Map<string, LabelNode[]>();
  readonly #others: OtherTag[] = [];

  open(tag: string, attributes: Attributes, fault: (reason: string) => LabelConfigError): void {
    const { name, toName, value, valueList, indexFlag } = attributes;
    let isOther = false;
    const around = this.#open.at(-1);
    if (around !== undefined) around.hasElements = true;
    const element: OpenElement = { name, isRepeater: tag.toLowerCase() === 'repeater' };
    const info: TagInfo = { name: name!, tag, attributes, ...(this.#isInRepeater() && { isRepeated: true }) };
    if (indexFlag !== undefined) this.#flags.add(indexFlag);
    if (name && toName && !NOT_CONTROL_TAGS.has(tag)) {
      this.#outputs.set(name, this.#parsed(tag, toName, attributes, this.#flags.regex(toName, fault)));
      this.#controls.set(name, info);
    } else if (name && (attribute(attributes, 'value') || attribute(attributes, 'valueList'))) {
      // The editor knows an object by its attributes in any case, Label Studio's server in this one alone.
      if (value || valueList) this.#inputs.set(name, input(tag, attributes));
      this.#objects.set(name, info);
      element.object = info;
    } else isOther = true;
    if (LABEL_TAGS.has(tag)) this.#label(element, attributes);
    if (isOther && element.label === undefined)
      this.#others.push({ tag, attributes, control: this.#control(), object: this.#object() });
    this.#open.push(element);
  }

  close(inner: string): void {
    const { object, hasElements } = this.#open.pop()!;
    if (object === undefined || (hasElements && object.tag.toLowerCase() !== 'hypertext')) return;
    const content = inner.trim();
    if (content !== '') object.content = content;
  }

  result(xml: string): LabelConfig {
    const parsed: ParsedLabelConfig = Object.create(null);
    for (const [name, control] of this.#outputs) {
      const labels = this.#labels.get(name) ?? new Map<string, Attributes>();
      for (const target of control.to_name) {
        const found = this.#inputs.get(target);
        if (found !== undefined) control.inputs.push(found);
      }
      for (const [label, attributes] of labels) {
        control.labels.push(label);
        control.labels_attrs[label] = attributes;
      }
      parsed[name] = control;
      const tree = this.#labelTrees.get(name);
      if (tree !== undefined) this.#controls.get(name)!.labelTree = tree;
    }
    return { xml, parsed, controls: this.#controls, objects: this.#objects, others: this.#others };
  }

  /** The name of the nearest element around that has the name of a control seen so far, whatever its tag. */
  #control(): string | undefined {
    return this.#open.findLast(({ name }) => name !== undefined && this.#outputs.has(name))?.name;
  }

  #isInRepeater(): boolean {
    return this.#open.some(({ isRepeater }) => isRepeater);
  }

  /** The name of the nearest element around that has the name of an object seen so far. */
  #object(): string | undefined {
    return this.#open.findLast(({ name }) => name !== undefined && this.#objects.has(name))?.name;
  }

  #parsed(
    type: string,
    toName: string,
    attributes: Attributes,
    regex: ParsedControl['regex'],
  ): ParsedControl {
    const conditionals = conditionalsOf(attributes);
    const isDynamic = /^\$[A-Za-z_]+$/.test(attributes.value ?? '') || Boolean(attributes.apiUrl);
    return {
      type,
      to_name: toName.split(','),
      ...(regex && { regex }),
      ...(conditionals && { conditionals }),
      ...(isDynamic && { dynamic_labels: true as const }),
      inputs: [],
      labels: [],
      labels_attrs: Object.create(null),
    };
  }

  /** Gives a label to the control that it is in. */
  #label(element: OpenElement, attributes: Attributes): void {
    const value = attributes.alias || attributes.value || attributes.valueList;
    if (!value) return;
    const control = this.#control();
    if (control === undefined) return;
    entry(this.#labels, control, () => new Map<string, Attributes>()).set(value, attributes);

    const label: LabelNode = { value, attributes, children: [] };
    const parent = this.#open.findLast(({ labelOf }) => labelOf === control)?.label;
    (parent?.children ?? entry(this.#labelTrees, control, () => [])).push(label);
    element.labelOf = control;
    element.label = label;
  }
}

function input(type: string, { value, valueList, valueType }: Attributes): ParsedInput {
  const parsed: ParsedInput = { type, valueType: valueType ?? null };
  // A value that is there but empty goes before valueList.
  if (value !== undefined) parsed.value = value.replace(/^\$+/, '');
  else parsed.valueList = valueList!.replace(/^\$+/, '');
  return parsed;
}

function conditionalsOf(attributes: Attributes): ParsedControl['conditionals'] {
  const { perRegion, whenTagName, whenLabelValue, whenChoiceValue } = attributes;
  if (perRegion !== 'true') return undefined;
  if (whenTagName) return { type: 'tag', name: whenTagName };
  if (whenLabelValue) return { type: 'label', name: whenLabelValue };
  if (whenChoiceValue) return { type: 'choice', name: whenChoiceValue };
  return undefined;
}

/** The value of a key, which is made first if it is missing. */
function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
