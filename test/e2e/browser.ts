import { type Browser as Chromium, chromium, type Page } from 'playwright-core';
import { LabelStudio } from './label-studio.js';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WAIT_MS = 30_000;

export function launch(): Promise<Chromium> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/** Logs in with Label Studio's form. */
export async function logIn(page: Page, { url }: LabelStudio): Promise<void> {
  await page.goto(`${url}/user/login/`);
  await page.fill('input[name=email]', LabelStudio.EMAIL);
  await page.fill('input[name=password]', LabelStudio.PASSWORD);
  await page.press('input[name=password]', 'Enter');
  await page.waitForURL(({ pathname }) => !pathname.startsWith('/user/login'));
}

/** What a user types into the form "Connect Model", beside the address. */
export interface Typed {
  user?: string;
  pass?: string;
}

/** How often something is marked until Label Studio asks, and how long it may take to do so, in milliseconds. */
const ATTEMPTS = 3;
const ASKED_MS = 15_000;

/** Label Studio as a user has it: its pages in Chromium, and the words on them. */
export class Browser {
  readonly #chromium: Chromium;
  readonly #page: Page;
  readonly #url: string;

  private constructor(browser: Chromium, page: Page, url: string) {
    this.#chromium = browser;
    this.#page = page;
    this.#url = url;
  }

  /** Opens a browser and logs in. */
  static async open(labelStudio: LabelStudio): Promise<Browser> {
    const browser = await launch();
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(WAIT_MS);
    await logIn(page, labelStudio);
    return new Browser(browser, page, labelStudio.url);
  }

  stop(): Promise<void> {
    return this.#chromium.close();
  }

  /**
   * The form "Connect Model".
   * @returns the error that it shows; empty: none, and it has closed
   */
  async connect(project: number, backend: string, { user, pass = '' }: Typed = {}): Promise<string> {
    await this.#open(project, 'settings/ml');
    await this.#press('Connect Model');
    await this.#page.fill('input[name=title]', 'backend');
    await this.#page.fill('input[name=url]', backend);
    if (user !== undefined) {
      await this.#page.click('button[data-name=auth_method]');
      await this.#page.getByText('Basic Authentication', { exact: true }).click();
      await this.#page.fill('input[name=basic_auth_user]', user);
      await this.#page.fill('input[name=basic_auth_pass]', pass);
    }
    return await this.#save();
  }

  /** "Edit" and "Validate and Save" on the card of the project's backend. @returns as `connect` */
  async saveAgain(project: number): Promise<string> {
    await this.#choose(project, 'Edit');
    return await this.#save();
  }

  /** The state on the card, such as `Connected`. */
  async state(project: number): Promise<string> {
    await this.#open(project, 'settings/ml');
    return (await this.#page.locator('.lsf-ml__status').textContent()) ?? '';
  }

  /** "Send Test Request" on the card's menu. @returns the response that is shown, or the error */
  async testRequest(project: number): Promise<string> {
    await this.#choose(project, 'Send Test Request');
    await this.#press('Send Request');
    // A response begins with its status.
    const response = this.#page.locator('pre', { hasText: /^\d+\s/ });
    const error = this.#page.locator('.lsf-error-message');
    return (await response.or(error).first().textContent()) ?? '';
  }

  /** "Start Training" on the card's menu, and in the dialog that it opens. @returns what this one shows then */
  async startTraining(project: number): Promise<string> {
    await this.#choose(project, 'Start Training');
    await this.#press('Start Training');
    const shown = this.#page.locator('pre');
    await shown.nth(1).waitFor();
    return (await shown.allInnerTexts()).join(' ');
  }

  /**
   * Opens a task, switches Auto-Annotation on, and marks the beginning of its text with a label.
   * @returns the words of the page once Label Studio has asked the backend
   */
  async markWithAutoAnnotation(project: number, task: number, text: string, label: string): Promise<string> {
    await this.#open(project, `data?task=${task}`);
    await this.#page.getByTestId('bottombar-auto-annotation-toggle').click({ force: true });
    // On a busy machine the editor may not be ready for it yet, and says so nowhere.
    for (let attempt = 1; !(await this.#marked(text, label)); attempt++)
      if (attempt === ATTEMPTS) throw new Error('Label Studio did not ask for what the mark means');
    await this.#page
      .locator('.lsf-bottombar__spinner, .lsf-auto-accept__spinner')
      .waitFor({ state: 'hidden' });
    return (await this.#page.locator('body').allInnerTexts()).join();
  }

  /** @returns whether Label Studio has asked the backend then, and was answered */
  async #marked(text: string, label: string): Promise<boolean> {
    await this.#page.locator('.lsf-label', { hasText: label }).first().click();
    const { x, y, height } = (await this.#page.getByText(text).last().boundingBox())!;
    const middle = y + height / 2;
    await this.#page.mouse.move(x + 3, middle);
    await this.#page.mouse.down();
    await this.#page.mouse.move(x + 20, middle);
    await this.#page.mouse.move(x + 40, middle);
    const answered = this.#page.waitForResponse(/interactive-annotating/, { timeout: ASKED_MS }).then(
      response => response.finished().then(() => true),
      () => false,
    );
    await this.#page.mouse.up();
    return await answered;
  }

  /** The addresses on the page of webhooks. */
  async webhooks(project: number): Promise<string[]> {
    await this.#open(project, 'settings/webhooks');
    const shown = this.#page.getByText(/\/webhook$/);
    await shown.first().waitFor();
    return await shown.allInnerTexts();
  }

  async #choose(project: number, item: string): Promise<void> {
    await this.#open(project, 'settings/ml');
    await this.#page.click('[aria-label="Machine learning model options"]');
    await this.#page.locator('.lsf-main-menu__item', { hasText: item }).click();
  }

  async #save(): Promise<string> {
    await this.#press('Validate and Save');
    const error = this.#page.locator('.lsf-error-message__message').first().textContent();
    const closed = this.#page.waitForSelector('input[name=url]', { state: 'detached' }).then(() => '');
    return (await Promise.race([error, closed])) ?? '';
  }

  async #open(project: number, path: string): Promise<void> {
    await this.#page.goto(`${this.#url}/projects/${project}/${path}`);
  }

  #press(label: string): Promise<void> {
    return this.#page.locator('button', { hasText: label }).first().click();
  }
}
