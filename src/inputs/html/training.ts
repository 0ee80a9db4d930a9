import { AppError, type ErrorData } from '../../errors.js';
import { answerOfThread } from '../../threads.js';
import { type Content, textOfContent } from '../shown/text.js';

/** A document that takes so long to parse that other requests would notice it, in characters. */
const LARGE = 200_000;

export type TextReply = { text: string } | { error: ErrorData };

/** The words of a document, or the error that it has. */
export function answer(content: Content): TextReply {
  try {
    return { text: textOfContent(content) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { error: error.toData() };
  }
}

/**
 * The words of a content for trainers; those of a large document are found on a thread of their own.
 * @throws AppError as `textOfContent`
 */
export async function textForTraining(content: Content): Promise<string> {
  if (typeof content === 'string' || content.html.length <= LARGE) return textOfContent(content);
  const reply = await answerOfThread<TextReply>(import.meta.url, './training-thread', content);
  if ('error' in reply) throw AppError.from(reply.error);
  return reply.text;
}
