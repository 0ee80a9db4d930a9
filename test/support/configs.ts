/** A labeling config that the shipped sentiment model fits. */
export const SENTIMENT =
  '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text" choice="single">' +
  '<Choice value="Positive"/><Choice value="Negative"/></Choices></View>';

/** One of tags that no model fills. */
export const UNFIT =
  '<View><OcrLabels name="label" toName="pdf"><Label value="PER"/></OcrLabels><Pdf name="pdf" value="$pdf"/></View>';

/** Tasks with ids from 1. */
export function tasksOf(texts: readonly unknown[]): { id: number; data: { text: unknown } }[] {
  return texts.map((text, index) => ({ id: index + 1, data: { text } }));
}

const WORDS = 'good bad great awful love hate phone movie food service never very not really slow nice'.split(
  ' ',
);

/** So many different sentences that a sentiment model has something to say of. */
export function sentences(count: number): string[] {
  const word = (index: number) => WORDS[index % WORDS.length]!;
  return Array.from(
    { length: count },
    (_, index) =>
      `${word(index)} ${word(index * 7 + 3)} ${word(Math.floor(index / 16))}, ${index % 9} of ${index}`,
  );
}
