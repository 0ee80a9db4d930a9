import { openVersion } from '../../src/inference/evaluate.js';
import { seeded } from './random.js';
import { SoakServer } from './server.js';

/** A control with labels of its own for the model's. */
export interface Project {
  id: string;
  config: string;
  /** The labels for Negative and Positive. */
  labels: readonly [string, string];
}

export const PROJECTS: readonly Project[] = [
  project('1', ['Negative', 'Positive']),
  project('2', ['NEGATIVE', 'POSITIVE']),
  project('3', ['schlecht', 'gut'], ['Negative', 'Positive']),
  project('4', ['👎', '👍'], ['negative, Negative', 'Positive']),
];

function project(
  id: string,
  labels: readonly [string, string],
  predicted?: readonly [string, string],
): Project {
  const choices = labels.map((label, index) => {
    const values = predicted === undefined ? '' : ` predicted_values="${predicted[index]}"`;
    return `<Choice value="${label}"${values}/>`;
  });
  const config =
    `<View><Text name="text${id}" value="$text"/><Choices name="mood${id}" toName="text${id}" choice="single">` +
    `${choices.join('')}</Choices></View>`;
  return { id, config, labels };
}

const WORDS = (
  'good bad great awful love hate phone movie food service never very not really slow nice the a is was this that ' +
  'excellent terrible worst best quality price works broken money time place recommend disappointed perfect'
).split(' ');

/** What the model says of a text, computed without the server. */
export interface Known {
  text: string;
  /** The index of the class. */
  chosen: number;
  score: number;
}

/** So many different texts with what the model says of each. */
export async function knownAnswers(count: number): Promise<Known[]> {
  // Each run asks the same.
  const random = seeded(1);
  const texts = Array.from({ length: count }, (_, index) => {
    const words = Array.from({ length: 3 + random(25) }, () => WORDS[random(WORDS.length)]!);
    return `${words.join(' ')} ${index}`;
  });
  const version = await openVersion(await SoakServer.version());
  const known: Known[] = [];
  for (let first = 0; first < count; first += 500) {
    const part = texts.slice(first, first + 500);
    (await version.evaluate(part)).forEach((answer, index) => {
      if ('error' in answer) throw new Error(answer.error.message);
      const chosen = answer.chosen.label![0]!;
      known.push({ text: part[index]!, chosen, score: answer.values.label![chosen]! });
    });
  }
  await version.release();
  return known;
}

interface Item {
  result?: { from_name: string; value: { choices: string[] }; score: number }[];
  score?: number;
  model_version?: string;
}

/** Rounding differs with the place in a batch. */
const TOLERANCE = 1e-9;

/** What is wrong with an answer; undefined when nothing is. */
export function fault(body: string, asked: readonly Known[], { id, labels }: Project): string | undefined {
  const { results, model_version: version } = JSON.parse(body) as { results: Item[]; model_version: string };
  if (results.length !== asked.length) return `${results.length} results for ${asked.length} tasks`;
  for (const [index, { text, chosen, score }] of asked.entries()) {
    const item = results[index]!;
    const [region] = item.result ?? [];
    const right =
      item.model_version === version &&
      region?.from_name === `mood${id}` &&
      region.value.choices.length === 1 &&
      region.value.choices[0] === labels[chosen] &&
      Math.abs(item.score! - score) < TOLERANCE;
    if (!right) return `task ${index} '${text}' is ${labels[chosen]} ${score}, not ${JSON.stringify(item)}`;
  }
  return undefined;
}
