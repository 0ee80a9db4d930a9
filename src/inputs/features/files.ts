import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import type { FileRef } from './spec.js';

/** The name of the spec in a version's folder. */
export const SPEC_FILE = 'features.json';

/** The side files of one version. */
export class VersionFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** An error that names the spec and the place in it. */
  invalid(where: string, what: string, cause?: unknown): AppError {
    return new AppError(
      'version_invalid',
      `${join(this.#folder, SPEC_FILE)}: ${where} ${what}; export the version again`,
      { cause },
    );
  }

  /** @throws AppError `version_invalid` when the file is missing or no JSON */
  async json(ref: FileRef): Promise<unknown> {
    try {
      return JSON.parse(await this.#read(ref, text => readFile(text, 'utf8')));
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('version_invalid', `${join(this.#folder, ref)} is not JSON: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * The numbers of a raw file, little-endian like every platform that Node runs on here.
   * @param count how many it must hold
   * @throws AppError `version_invalid` when it is missing, of another size or of an unknown type
   */
  async numbers(ref: FileRef, count: number): Promise<Float64Array | Float32Array | Int32Array> {
    const Type = { f64: Float64Array, f32: Float32Array, i32: Int32Array }[ref.slice(-3)];
    if (Type === undefined)
      throw new AppError('version_invalid', `${ref}: its name must end in .f64, .f32 or .i32`);
    const bytes = await this.#read(ref, path => readFile(path));
    const { BYTES_PER_ELEMENT: size } = Type;
    if (bytes.byteLength !== count * size) {
      const found = bytes.byteLength / size;
      throw new AppError(
        'version_invalid',
        `${join(this.#folder, ref)} holds ${found} numbers, not ${count}; export the version again`,
      );
    }
    if (bytes.byteOffset % size === 0) return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
    return new Type(Uint8Array.from(bytes).buffer, 0, count);
  }

  async #read<T>(ref: FileRef, read: (path: string) => Promise<T>): Promise<T> {
    if (typeof ref !== 'string' || basename(ref) !== ref) {
      throw new AppError(
        'version_invalid',
        `${this.#folder}: ${SPEC_FILE} refers to '${ref}', which is not a plain file name`,
      );
    }
    const path = join(this.#folder, ref);
    try {
      return await read(path);
    } catch (error) {
      throw new AppError('version_invalid', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
}
