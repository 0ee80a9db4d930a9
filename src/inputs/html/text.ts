import {
  type DefaultTreeAdapterTypes,
  defaultTreeAdapter,
  html as names,
  parse,
  parseFragment,
} from 'parse5';
import { AppError } from '../../errors.js';
import { codePointOffsets } from '../../regions/spans/code-points.js';

type Node = DefaultTreeAdapterTypes.ChildNode;
type Parent = DefaultTreeAdapterTypes.ParentNode;
type Element = DefaultTreeAdapterTypes.Element;

/** What `tokens` reads of a HyperText tag. */
export interface HtmlValue {
  html: string;
  /** Whether the tag shows it as a part of its own page, and not as a page. */
  inline: boolean;
}

/** A text node of a document. */
export interface TextNode {
  /** Where it is, from the root: `/div[1]/p[2]/text()[1]`. */
  path: string;
  /** Where it begins in the document's text, in UTF-16 units, and its text. */
  start: number;
  text: string;
  /** How many code points are before it, in all text nodes of the document; a `<br>` counts as one. */
  before: number;
}

/** The text of an HTML document, and what it is made of. */
export interface HtmlText {
  text: string;
  /** In the order of the document; those that the text leaves out are missing. */
  nodes: readonly TextNode[];
}

/** The editor takes them out, with all that is in them, before it shows the document. */
const REMOVED: ReadonlySet<string> = new Set(['script', 'iframe']);

/** What these hold is no text that is shown, or none that can be selected. */
const HIDDEN: ReadonlySet<string> = new Set(['style', 'noscript', 'textarea', 'select', 'title']);

/** What stands on lines of its own. */
const BLOCKS: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer ' +
    'form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre search section summary table tbody td ' +
    'tfoot th thead tr ul'
  ).split(' '),
);

/** Elements in one another at most: browsers stop at 512, and what a parser does grows with its square. */
const DEPTH = 2048;

/** In the editor the document type is lost, so that browsers read what is left in quirks mode. */
const DOCTYPE = /^\s*<!doctype[^>]*>/i;

/**
 * The text that an HTML document shows: what is in its text nodes, as it is, and a line break wherever a block or a `<br>`
 * parts two of them.
 *
 * @param inline whether it is read as a part of a page (`inline="true"` of a HyperText) rather than as a page of its own
 * @throws AppError `task_invalid` when it has more than 2048 elements in one another
 * @example
 * readHtml('<p>Hello <b>Ada</b></p>', false).nodes[1]; // { path: '/p[1]/b[1]/text()[1]', start: 6, text: 'Ada', before: 6 }
 * @see `DomManager` in https://github.com/HumanSignal/label-studio/tree/develop/web/libs/editor/src/tags/object/RichText
 */
export function readHtml(html: string, inline: boolean): HtmlText {
  const reader = new TextReader();
  reader.read(rootOf(html, inline));
  return reader.result();
}

function rootOf(html: string, inline: boolean): Parent {
  let depth = 0;
  const treeAdapter = {
    ...defaultTreeAdapter,
    onItemPush() {
      if (++depth > DEPTH)
        throw new AppError('task_invalid', `the HTML has more than ${DEPTH} elements in one another`);
    },
    onItemPop() {
      depth--;
    },
  };
  if (inline)
    return parseFragment(defaultTreeAdapter.createElement('div', names.NS.HTML, []), html, { treeAdapter });
  const page = parse(html.replace(DOCTYPE, ''), { treeAdapter });
  const root = page.childNodes.find((node): node is Element => node.nodeName === 'html')!;
  return root.childNodes.find((node): node is Element => /^(body|frameset)$/.test(node.nodeName))!;
}

/** What is left of an element's nodes in the editor: no comments, and text that they parted in one piece. */
function childrenOf(parent: Parent): (Element | string)[] {
  const children: (Element | string)[] = [];
  for (const node of parent.childNodes) {
    const last = children.at(-1);
    if ('value' in node) {
      if (typeof last === 'string') children[children.length - 1] = last + node.value;
      else children.push(node.value);
    } else if (isElement(node) && !REMOVED.has(node.tagName)) children.push(node);
  }
  return children;
}

function isElement(node: Node): node is Element {
  return 'tagName' in node;
}

/** An element that is being read. */
interface Level {
  element: Element | null;
  path: string;
  children: (Element | string)[];
  next: number;
  counts: Map<string, number>;
  hidden: boolean;
}

class TextReader {
  readonly #parts: string[] = [];
  readonly #nodes: TextNode[] = [];
  #length = 0;
  #before = 0;
  #breaks = false;

  result(): HtmlText {
    return { text: this.#parts.join(''), nodes: this.#nodes };
  }

  /** Without recursion: documents may be deep. */
  read(root: Parent): void {
    const level = (element: Element | null, path: string, hidden: boolean): Level => ({
      element,
      path,
      children: childrenOf(element ?? root),
      next: 0,
      counts: new Map(),
      hidden,
    });
    const open = [level(null, '', false)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const child = top.children[top.next++];
      if (child === undefined) {
        if (top.element !== null && BLOCKS.has(top.element.tagName)) this.#breaks = true;
        open.pop();
        continue;
      }
      const name = typeof child === 'string' ? 'text()' : child.tagName.toLowerCase();
      const count = (top.counts.get(name) ?? 0) + 1;
      top.counts.set(name, count);
      const path = `${top.path}/${name}[${count}]`;
      if (typeof child === 'string') {
        this.#text(child, path, top.hidden);
        continue;
      }
      if (name === 'br') {
        this.#before++;
        if (!top.hidden) this.#break();
      }
      if (BLOCKS.has(name)) this.#breaks = true;
      open.push(level(child, path, top.hidden || HIDDEN.has(name)));
    }
  }

  #text(text: string, path: string, hidden: boolean): void {
    if (!hidden) {
      if (this.#breaks && this.#length > 0) this.#break();
      this.#breaks = false;
      this.#nodes.push({ path, start: this.#length, text, before: this.#before });
      this.#add(text);
    }
    this.#before += codePointOffsets(text, [text.length])[0]!;
  }

  #break(): void {
    if (!this.#parts.at(-1)?.endsWith('\n')) this.#add('\n');
    this.#breaks = false;
  }

  #add(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
  }
}
