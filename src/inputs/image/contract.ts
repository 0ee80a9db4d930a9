/**
 * What the input `image` knows of a row: how its tensor came from the image. All of it is about the image as it is
 * shown, that is after its EXIF orientation has been applied; Label Studio's percents are of that.
 */
export interface ImageMeta {
  /** Pixels of the original. */
  width: number;
  height: number;
  /** Pixels of the tensor. */
  tensorWidth: number;
  tensorHeight: number;
  /** Where the original lies in the tensor: `x * scaleX + left` and `y * scaleY + top` are the tensor's pixels. */
  scaleX: number;
  scaleY: number;
  left: number;
  top: number;
}
