import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page, Route } from 'playwright-core';
import { launch, logIn } from '../e2e/browser.js';
import { LabelStudio } from '../e2e/label-studio.js';
import { FILES } from './files.js';
import { FIXTURE, SEED, type Shown } from './fixture.js';
import { editorCases } from './generate.js';

/**
 * Takes the fixture: shows each of the generated tasks in the editor of a real Label Studio, in Chromium, and writes down
 * what is shown. `make editor` runs it.
 */

const IN_PAGE = fileURLToPath(new URL('in-page.js', import.meta.url));
const EMPTY_CONFIG =
  '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="A"/></Choices></View>';

/** What `in-page.js` answers. */
interface Answer {
  objects: Record<string, Shown | null>;
  /** Whether the editor was still at it when the time was up. */
  late: boolean;
}

/** A page of Label Studio that has loaded the editor, and shows no task with it. */
async function labelingPage(page: Page, labelStudio: LabelStudio): Promise<void> {
  const project = await labelStudio.createProject(EMPTY_CONFIG);
  await logIn(page, labelStudio);
  await page.goto(`${labelStudio.url}/projects/${project}/data`, { waitUntil: 'networkidle' });
  await page.waitForFunction('window.LabelStudio');
  await page.addScriptTag({ content: await readFile(IN_PAGE, 'utf8') });
}

/** Answers what the editor fetches for a task. */
async function answer(route: Route): Promise<void> {
  const { href, origin, pathname } = new URL(route.request().url());
  const found = Object.entries(FILES).find(
    ([address]) => new URL(address, origin).href === href || pathname === address,
  );
  const headers = { 'access-control-allow-origin': '*' };
  if (found === undefined) return await route.fulfill({ status: 404, headers, body: 'not found' });
  const [, { type, body }] = found;
  await route.fulfill({ headers: { ...headers, 'content-type': type }, body });
}

const folder = await mkdtemp(join(tmpdir(), 'label-studio-editor-'));
const labelStudio = await LabelStudio.start(folder);
const browser = await launch();
try {
  const page = await browser.newPage();
  await labelingPage(page, labelStudio);
  await page.route(/^https?:\/\/files\.example\/|\/data\/(upload|local-files)/i, answer);
  const lines: string[] = [];
  const cases = editorCases(SEED);
  for (const each of cases) {
    const shown = (await page.evaluate(
      ([config, data]) =>
        (globalThis as unknown as { showTask(...of: unknown[]): unknown }).showTask(config, data),
      [each.config, each.data] as const,
    )) as Answer;
    if (shown.late) throw new Error(`the editor did not come to an end of ${JSON.stringify(each)}`);
    lines.push(JSON.stringify({ ...each, shown: shown.objects }));
    process.stderr.write(`\r${lines.length} of ${cases.length}`);
  }
  process.stderr.write('\n');
  await writeFile(FIXTURE, `${lines.join('\n')}\n`);
} finally {
  await browser.close();
  await labelStudio.stop();
  await rm(folder, { recursive: true, force: true });
}
