import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface CodeBlock {
  /** The word after the fence; empty for a drawing. */
  language: string;
  code: string;
}

/** A Markdown file, as far as the tests look into it. */
export class Markdown {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** @param name such as `README.md` */
  static async read(name: string): Promise<Markdown> {
    return new Markdown(await readFile(`${ROOT}${name}`, 'utf8'));
  }

  /** The code blocks of a language. @param text of the whole file, or of a part of it */
  blocks(language: string, text = this.text): string[] {
    return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
      .map(([, word, code]): CodeBlock => ({ language: word!, code: code! }))
      .filter(block => block.language === language)
      .map(block => block.code);
  }

  /** What stands below a heading, up to the next one of any level. */
  section(heading: string): string {
    const begin = new RegExp(`^#+ ${heading}$`, 'm').exec(this.text);
    if (!begin) throw new Error(`there is no heading '${heading}'`);
    const rest = this.text.slice(begin.index + begin[0].length);
    return rest.slice(0, /^#+ /m.exec(rest)?.index);
  }

  /** The rows of a section's table, head and all, without backticks. */
  table(heading: string): string[][] {
    return this.section(heading)
      .split('\n')
      .filter(line => line.startsWith('|') && !/^\|[-|]+\|$/.test(line))
      .map(line => line.slice(2, -2).split(' | '));
  }

  /** Headings as GitHub's anchors name them. */
  get anchors(): string[] {
    return [...this.text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
  }

  /** The targets of its links. */
  get links(): string[] {
    return [...this.text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target!);
  }

  /** What it writes as code within a line. */
  get spans(): string[] {
    return [...this.text.replace(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  }
}
