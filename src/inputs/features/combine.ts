import { Row } from './row.js';
import { exact, type Stage } from './stage.js';

/** Pipeline: one step after the other. */
export function pipeline(stages: readonly Stage[], before: Stage): Stage {
  const last = stages.at(-1) ?? before;
  return {
    ...last,
    apply(values, row) {
      for (const stage of stages) stage.apply(values, row);
    },
  };
}

/** One of several stages whose rows are laid side by side. */
export interface Part {
  stage: Stage;
  /** What its values are multiplied with. */
  weight: number;
  /** Which of the values it takes, by position; null: all. */
  columns: readonly number[] | null;
}

/** FeatureUnion and ColumnTransformer. */
export function sideBySide(parts: readonly Part[]): Stage {
  const input = new Row();
  const part = new Row();
  return {
    width: parts.reduce((width, { stage }) => width + stage.width, 0),
    single: parts.every(({ stage }) => stage.single),
    signed: parts.some(({ stage, weight }) => stage.signed || weight <= 0),
    apply(values, row) {
      input.copy(row);
      row.size = 0;
      let start = 0;
      for (const { stage, weight, columns } of parts) {
        part.copy(input);
        stage.apply(columns === null ? values : columns.map(column => values[column]), part);
        const round = stage.single ? Math.fround : exact;
        const factor = round(weight);
        const first = row.size;
        row.reserve(first + part.size);
        for (let i = 0; i < part.size; i++) {
          row.indices[first + i] = start + part.indices[i]!;
          row.values[first + i] = factor === 1 ? part.values[i]! : round(part.values[i]! * factor);
        }
        row.size = first + part.size;
        start += stage.width;
      }
    },
  };
}
