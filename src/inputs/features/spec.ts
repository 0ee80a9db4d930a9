/**
 * `features.json`: what a fitted scikit-learn preprocessing pipeline computes, as data.
 *
 * The exporter reads it off the fitted objects; the inference child computes it, in double precision unless a
 * vectorizer's dtype is float32. It is a tree of steps. A source step turns raw values into a sparse row; a
 * transform step turns one row into another; `pipeline`, `union` and `columns` combine them. The names and their
 * meaning are scikit-learn's, https://scikit-learn.org/stable/modules/feature_extraction.html
 *
 * Arrays that can be large lie beside it in files of the version's folder (`FileRef`).
 */
export interface FeaturesSpec {
  format: 1;
  /** What the root step takes: one text, or a record of columns. */
  input: 'text' | 'record';
  /** The columns that a record must have, in the order the pipeline was fitted with. */
  columns?: readonly ColumnSpec[];
  root: Step;
  /**
   * How the rows go to the graph. `sparse`: inputs `row` int32[n], `feature` int32[n], `value` [n], `size` int64[1]
   * (the number of rows); n is at least 1. `dense`: input `input` [rows, width], in chunks of at most 64 MB.
   */
  layout: 'sparse' | 'dense';
  /** The element type of `value` or `input`. */
  dtype: 'float64' | 'float32';
  /** Columns of the final row. */
  width: number;
  /** How the exporting Python's Unicode differs from newer ones (`UnicodeTables`, a JSON file). */
  unicode?: FileRef;
}

/** A file of the version's folder: `.json`, or little-endian raw numbers (`.f64`, `.f32`, `.i32`). */
export type FileRef = string;

export interface ColumnSpec {
  name: string;
  /** `number`: a number, numeric text, or a missing value; `text`: a string; `category`: a string, number or boolean. */
  kind: 'number' | 'text' | 'category';
  /** Whether a task may lack the column, which is then a missing value. */
  optional?: boolean;
}

/** Code points on which the exporting Python disagrees with this Node; the child follows Python. */
export interface UnicodeTables {
  /** `unicodedata.unidata_version`. */
  version: string;
  /** Inclusive ranges of the code points that Python's `\w` matches, whole (ascending). */
  word: readonly (readonly [number, number])[];
  /** Lower-case mappings (text to text) of every code point that `str.lower` changes alone, whole. */
  lower: Readonly<Record<string, string>>;
  /**
   * Code points that this Python's `unicodedata` does not know (category Cn), as inclusive ranges (ascending):
   * `str.lower` and normalisation leave them alone, `\d` does not match them. Combining classes never change, so
   * they need no table.
   */
  unassigned: readonly (readonly [number, number])[];
}

export type Step =
  | { type: 'pipeline'; steps: readonly Step[] }
  /** FeatureUnion: the parts' rows side by side, each times its weight. */
  | { type: 'union'; parts: readonly { weight?: number; step: Step }[] }
  /** ColumnTransformer in its resolved order: each part takes its columns of the record. */
  | { type: 'columns'; parts: readonly { columns: readonly string[]; weight?: number; step: Step }[] }
  | TextStep
  /** Numbers as they are: one feature a column; a missing value is NaN. */
  | { type: 'numbers'; width: number }
  /**
   * OneHotEncoder: for each column its categories in order (`categories_`). `drop` holds for each column the index
   * of the category that has no output, or null (`drop_idx_`: an index into `categories_`, also when it is infrequent;
   * then all of its group is dropped).
   */
  | {
      type: 'one-hot';
      categories: readonly (readonly Category[])[];
      drop: readonly (number | null)[] | null;
      handleUnknown: 'error' | 'ignore' | 'infrequent';
      /**
       * For each column with infrequent categories: the index of each category in its groups, before `drop` takes one
       * away; the infrequent ones share the last (`_default_to_infrequent_mappings`). Null: each stands alone.
       */
      infrequent: readonly (readonly number[] | null)[] | null;
      /** For each column what a missing value becomes first (a SimpleImputer before the encoder). */
      fill?: readonly Category[];
    }
  /**
   * OrdinalEncoder. `unknown` is the value of a category not seen; null: such a row is an error. `missing` is the
   * value of NaN (`encoded_missing_value`); null: it has its category's index, as None has in scikit-learn.
   */
  | {
      type: 'ordinal';
      categories: readonly (readonly Category[])[];
      unknown: number | 'nan' | null;
      missing: number | 'nan' | null;
      /** As for `one-hot`. */
      fill?: readonly Category[];
    }
  | Transform;

/** A category as JSON has it; `null` is a missing value (None or NaN). */
export type Category = string | number | boolean | null;

/** CountVectorizer or HashingVectorizer: a text to counts. */
export interface TextStep {
  type: 'text';
  analyzer: 'word' | 'char' | 'char_wb';
  ngramRange: readonly [number, number];
  lowercase: boolean;
  stripAccents: 'unicode' | 'ascii' | null;
  stopWords: readonly string[] | null;
  /** Python's `token_pattern`, word analyzer only. */
  tokenPattern: string | null;
  /** Counts become 1 (before any tf scaling). */
  binary: boolean;
  /** Terms by index (a JSON array of strings), or hashing with murmur3. */
  terms: { vocabulary: FileRef } | { hashing: { features: number; alternateSign: boolean } };
  width: number;
  /** float32: counts and all that follows up to the next step with a dtype are rounded to float32. */
  dtype: 'float64' | 'float32';
}

export type Transform =
  /** TfidfTransformer, in its order: sublinear (1 + ln tf), idf, norm. */
  | {
      type: 'tfidf';
      sublinear: boolean;
      idf: FileRef | null;
      norm: 'l1' | 'l2' | null;
      dtype: 'float64' | 'float32';
    }
  | { type: 'normalize'; norm: 'l1' | 'l2' | 'max' }
  /** Feature selection: output j is input `indices[j]`. */
  | { type: 'select'; indices: FileRef; width: number }
  /**
   * `x - center`, then `* scale`, `/ divisor`, `+ offset`, each per feature or absent; a center or an offset makes
   * rows dense. Both a factor and a divisor exist because scikit-learn uses both, and their last bits differ: enough
   * to send a value to the other side of a tree's threshold.
   */
  | {
      type: 'scale';
      center?: FileRef;
      scale?: FileRef;
      divisor?: FileRef;
      offset?: FileRef;
      width: number;
    }
  /** SimpleImputer: NaN (or `missing`) becomes `fill`; `fill` NaN drops the feature; `indicator` appends flags. */
  | {
      type: 'impute';
      missing: number | 'nan';
      fill: FileRef;
      indicator: readonly number[] | null;
      width: number;
    }
  /** TruncatedSVD: `components` is row-major [components, features]. */
  | { type: 'svd'; components: FileRef; width: number; features: number };
