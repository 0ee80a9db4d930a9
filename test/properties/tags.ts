/** A tag of a labeling config. */
export interface Tag {
  tag: string;
  attributes: Readonly<Record<string, string | undefined>>;
  children?: readonly Tag[];
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
};

/** Writes a tag; attributes that are undefined are left out. */
export function xmlOf({ tag, attributes, children = [] }: Tag): string {
  const given = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : ` ${name}="${value.replace(/[&<"\n\t]/g, found => ESCAPES[found]!)}"`,
  );
  const inside = children.map(xmlOf).join('');
  return `<${tag}${given.join('')}${inside === '' ? '/>' : `>${inside}</${tag}>`}`;
}

/** A tag with children. */
export function tag(name: string, attributes: Tag['attributes'], children: readonly Tag[] = []): Tag {
  return { tag: name, attributes, children };
}
