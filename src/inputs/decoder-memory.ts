/** Memory that a decoder in a process of its own may take beside its code, in KiB: the frames that a video of 8K refers to fit. */
const MOST_KB = 2 ** 21;

/** The same in words. */
export const DECODER_MEMORY = `${MOST_KB / 2 ** 20} GiB of memory`;

/** The command of a shell that limits it. Where the shell knows no such limit, as on macOS, there is none. */
export const LIMIT_MEMORY = `ulimit -d ${MOST_KB} 2>/dev/null`;
