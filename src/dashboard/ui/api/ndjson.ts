/** Newline-delimited JSON from a stream of bytes: one value per line, as soon as its line is complete. */

/** Lines longer than this are an error of the sender, not something to keep in memory. */
const longestLine = 4 * 1024 * 1024;

/** @throws SyntaxError for a line that is not JSON; Error for one without end. */
export async function* readNdjson<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    if (rest.length > longestLine) throw new Error('a line of the stream has no end');
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}
