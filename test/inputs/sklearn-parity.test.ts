import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { runPython } from '../support/python.js';
import { choiceOf } from '../support/results.js';

/** Texts on which an analyzer of another language is likely to differ from Python's. */
const HARD = [
  '',
  ' ',
  '\t\n\r\v\f \u00a0\u2003\u3000',
  'Crème brûlée was délicieux, naïve café, ÀÉÎÕÜ',
  'Cre\u0300me bru\u0302le\u0301e with combining accents',
  'Это очень хороший телефон, ПРИВЕТ good',
  '这个手机很好 good 非常糟糕 bad',
  '日本語のテキスト と English love',
  'مرحبا good ١٢٣ हिन्दी अच्छा ไทย ดี',
  'I love it 😀😀 👨‍👩‍👧 great 🇩🇪 bad ❤️',
  'İstanbul İ I ı GOOD İİ Great',
  'ΣΊΣΥΦΟΣ ΟΔΟΣ Σ good', // a sigma at the end of a word has a lower case of its own
  'ẞ ß ﬁne ﬃ Ǆ ǅ K Å good',
  'good\0bad \0 love\0',
  '\u0000',
  "don't can't won't it's I'd o'clock",
  'snake_case good_bad __init__ _ a_1',
  '10/10 3.5 1,000 50% 2nd ２０ ⅷ ² ½ good',
  'GOOD Good gOOD good good good good good good',
  'e-mail re\u00adenter zero\u200bwidth no\u200djoin \ufeffbom good',
  'under\u2028line\u2029paragraph\u0085next good bad',
  '\u{1d400}\u{1d401} \u{10400}\u{10428} 𝓰𝓸𝓸𝓭 good',
  'a I x y z',
  'good. bad! (love) "hate" [great] {awful} <nice>',
  'x'.repeat(100_000),
  'very '.repeat(5_000),
  `${'this is a great phone but the service was awful and '.repeat(20_200)}`,
];

interface Expected {
  text: string;
  /** Of Negative and Positive. */
  probabilities: [number, number];
}

describe('served probabilities and those of scikit-learn', () => {
  let backend: TestBackend;
  let expected: Expected[];

  before(async function () {
    this.timeout(120_000); // the first run fetches the sentences
    const answers = runPython<Expected>('test/inputs/sklearn_probabilities.py', HARD);
    backend = await startBackend();
    expected = await answers;
  });
  after(() => backend.stop());

  async function compare(rows: readonly Expected[]): Promise<void> {
    const tasks = tasksOf(rows.map(({ text }) => text));
    const { status, body } = await backend.predict({ tasks, label_config: SENTIMENT });
    assert.equal(status, 200);
    rows.forEach(({ text, probabilities: [negative, positive] }, index) => {
      const { choice, score } = choiceOf(body.results[index]);
      const shown = JSON.stringify(text.slice(0, 60));
      assert.closeTo(score, choice === 'Positive' ? positive : negative, 1e-6, shown);
      assert.closeTo(score, Math.max(negative, positive), 1e-6, shown);
    });
  }

  it('are equal to 1e-6 on all 3,000 sentences', async () => {
    const sentences = expected.slice(0, -HARD.length);
    assert.lengthOf(sentences, 3_000);
    await compare(sentences);
  });

  it('are equal to 1e-6 on hard texts', async () => {
    const hard = expected.slice(-HARD.length);
    assert.deepEqual(
      hard.map(({ text }) => text),
      HARD,
    );
    assert.isAbove(HARD.at(-1)!.length, 2 ** 20);
    await compare(hard);
  });
});
