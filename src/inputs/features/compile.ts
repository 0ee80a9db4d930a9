import { AppError, messageOf } from '../../errors.js';
import { Analyzer } from './analyzer.js';
import { termsOf } from './checks.js';
import { type Part, pipeline, sideBySide } from './combine.js';
import { Counter } from './counter.js';
import { HashedTerms, JoinedTerms } from './joined-terms.js';
import { numbers, oneHot, ordinal, type RecordContext } from './records.js';
import type { Step, TextStep } from './spec.js';
import type { Stage } from './stage.js';
import { type Terms, TermTrie } from './terms.js';
import { readTokenPattern, type TokenPattern } from './token-pattern.js';
import { impute, normalize, scale, select, svd, tfidf } from './transforms.js';
import type { PythonText } from './unicode.js';

/** What the steps of one version share while they are compiled. */
export interface Context extends RecordContext {
  python: PythonText;
}

/**
 * Turns a step of the spec into a stage, its files loaded.
 * @param before what the step works on
 * @param where the step's place in the spec, for messages
 * @throws AppError `version_invalid` when the spec asks for something that this server does not know
 */
export async function compile(step: Step, before: Stage, where: string, context: Context): Promise<Stage> {
  const { files } = context;
  switch (step.type) {
    case 'pipeline': {
      const stages: Stage[] = [];
      for (const [index, inner] of step.steps.entries()) {
        stages.push(await compile(inner, stages.at(-1) ?? before, `${where}.steps[${index}]`, context));
      }
      return pipeline(stages, before);
    }
    case 'union':
    case 'columns':
      return sideBySide(await compileParts(step, before, where, context));
    case 'text':
      return compileText(step, where, context);
    case 'numbers':
      return numbers(step, where, context);
    case 'one-hot':
      return oneHot(step, where, context);
    case 'ordinal':
      return ordinal(step, where, context);
    case 'tfidf':
      return tfidf(step, before, where, files);
    case 'normalize':
      return normalize(step, before);
    case 'select':
      return select(step, before, where, files);
    case 'scale':
      return scale(step, before, where, files);
    case 'impute':
      return impute(step, before, where, files);
    case 'svd':
      return svd(step, before, where, files);
    default:
      throw files.invalid(
        where,
        `has the type '${(step as { type: string }).type}', which this server does not know`,
      );
  }
}

async function compileParts(
  step: Extract<Step, { type: 'union' | 'columns' }>,
  before: Stage,
  where: string,
  context: Context,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [index, part] of step.parts.entries()) {
    const place = `${where}.parts[${index}]`;
    const names = 'columns' in part ? (part.columns as readonly string[]) : null;
    const columns = names?.map(name => context.columns.indexOf(name)) ?? null;
    const missing = columns?.indexOf(-1) ?? -1;
    if (missing >= 0)
      throw context.files.invalid(
        place,
        `takes the column '${names![missing]}', which the record does not have`,
      );
    const inner = names === null ? context : { ...context, columns: names };
    const stage = await compile(part.step, before, `${place}.step`, inner);
    parts.push({ stage, weight: part.weight ?? 1, columns });
  }
  return parts;
}

async function compileText(step: TextStep, where: string, context: Context): Promise<Stage> {
  const { files, python, columns } = context;
  if (columns.length !== 1) throw files.invalid(where, `takes one text, and gets ${columns.length} columns`);
  const pattern = step.analyzer === 'word' ? compilePattern(step, where, context) : null;
  const terms = await compileTerms(step, pattern, where, context);
  const analyzer = new Analyzer(step, pattern, terms, python);
  const counter = new Counter(step.width);
  const { binary } = step;
  return {
    width: step.width,
    single: step.dtype === 'float32',
    signed: !binary && 'hashing' in step.terms && step.terms.hashing.alternateSign,
    apply([text], row) {
      if (typeof text !== 'string') throw new AppError('task_invalid', `'${columns[0]}' is not a text`);
      counter.clear();
      analyzer.count(text, counter);
      counter.drain(row);
      if (binary) row.values.fill(1, 0, row.size);
    },
  };
}

function compilePattern({ tokenPattern }: TextStep, where: string, { files, python }: Context): TokenPattern {
  try {
    return readTokenPattern(tokenPattern ?? '', python);
  } catch (error) {
    throw files.invalid(where, `has the token_pattern ${JSON.stringify(tokenPattern)}: ${messageOf(error)}`);
  }
}

async function compileTerms(
  step: TextStep,
  pattern: TokenPattern | null,
  where: string,
  { files }: Context,
): Promise<Terms> {
  if ('hashing' in step.terms) {
    const { features, alternateSign } = step.terms.hashing;
    if (features !== step.width)
      throw files.invalid(where, `hashes into ${features} columns, not ${step.width}`);
    return new HashedTerms(features, alternateSign, step.analyzer === 'word');
  }
  const terms = await termsOf(files, step.terms.vocabulary, where);
  if (terms.length !== step.width) throw files.invalid(where, `has ${terms.length} terms, not ${step.width}`);
  const longest = step.ngramRange[1];
  if (step.analyzer !== 'word') return TermTrie.ofCharacters(terms, longest);
  return pattern?.spaces ? new JoinedTerms(terms) : TermTrie.ofWords(terms, longest);
}
